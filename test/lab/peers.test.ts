import { afterAll, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { request } from "./script-message.ts";

const EXTERNAL = `${GATEWAY_OUTSIDE}:5060`;
const [REGISTRAR, PROXY] = PROVIDER_HOSTS;

let lab: Lab;
let phone: ScriptEnd;
let registrar: ScriptEnd;
let proxy: ScriptEnd;

beforeEach(async () => {
  lab?.dispose();
  lab = new Lab({ phones: 1 });
  const provider = new ScriptMachine(lab, "prov");
  phone = await new ScriptMachine(lab, "phone").open(`${phoneAddress(0)}:5060`);
  registrar = await provider.open(`${REGISTRAR}:5060`);
  proxy = await provider.open(`${PROXY}:5060`);
});

afterAll(() => lab?.dispose());

function optionsOf(by: string, to: string): string {
  const [from, cseq] = ["<sip:a@example.com>;tag=a", 1];
  return request("OPTIONS", { uri: `sip:b@${to}`, by, from, to: "<sip:b@example.com>", callId: by, cseq });
}

/** The phone speaks to its registrar, then the proxy, and after it the registrar, calls the phone. */
async function firstCaller(): Promise<string> {
  phone.send(registrar.address, optionsOf(phone.address, registrar.address));
  await registrar.next();
  for (const caller of [proxy, registrar]) caller.send(EXTERNAL, optionsOf(caller.address, EXTERNAL));
  return (await phone.next()).source;
}

test("a host that a phone has not sent SIP to cannot call it, and is counted", async () => {
  const daemon = await Daemon.start(lab);
  expect(await firstCaller()).toBe(registrar.address);
  expect((await daemon.stats()).counters.passed["source-not-allowed"]).toBe(1);
});

test("a proxy of a network that the configuration calls a peer can", async () => {
  await Daemon.start(lab, configured(lab, `peers = ["${PROXY}/32"]`));
  expect(await firstCaller()).toBe(proxy.address);
});
