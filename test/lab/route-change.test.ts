import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { INSIDE_INTERFACE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { request } from "./script-message.ts";

const [PROVIDER] = PROVIDER_HOSTS;

let lab: Lab;
let daemon: Daemon;
let phone: ScriptEnd;
let provider: ScriptEnd;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  phone = await new ScriptMachine(lab, "phone").open(`${phoneAddress(0)}:5060`);
  provider = await new ScriptMachine(lab, "prov").open(`${PROVIDER}:5060`);
});

afterAll(() => lab?.dispose());

function say(cseq: number): void {
  const [from, to] = ["<sip:a@example.com>;tag=a", "<sip:b@example.com>"];
  const uri = `sip:b@${PROVIDER}`;
  phone.send(
    provider.address,
    request("OPTIONS", { uri, by: phone.address, from, to, callId: "routes", cseq }),
  );
}

test("SIP to a provider that a new route leads to inside is none for the outside, until it leads outside again", async () => {
  say(1);
  expect((await provider.next()).source).not.toBe(phone.address);
  await lab.exec("gw", "ip", "route", "add", `${PROVIDER}/32`, "dev", INSIDE_INTERFACE);
  await expect
    .poll(async () => {
      say(2);
      return (await daemon.stats()).counters.passed["inside-destination"];
    })
    .toBeGreaterThan(0);
  await lab.exec("gw", "ip", "route", "del", `${PROVIDER}/32`, "dev", INSIDE_INTERFACE);
  const timer = setInterval(() => say(3), 100);
  try {
    let text = "";
    while (!text.includes("CSeq: 3 OPTIONS")) ({ text } = await provider.next());
  } finally {
    clearInterval(timer);
  }
});
