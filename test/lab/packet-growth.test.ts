import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener } from "./datagram-listener.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { ScriptMachine } from "./script-end.ts";
import { request } from "./script-message.ts";

const PHONE = `${phoneAddress(0)}:5060`;
const [PROVIDER] = PROVIDER_HOSTS;
/** Longer than the phone's own address, so that a message grows where it is written. */
const ADVERTISED = "198.51.100.100";
/** The most UDP payload of an unfragmented packet where the MTU is 1500 bytes. */
const MOST = 1500 - 20 - 8;

let lab: Lab;

beforeEach(() => {
  lab = new Lab({ phones: 1 });
});

afterEach(() => lab?.dispose());

test("a message that grows past the MTU arrives, though the phone forbids routers to fragment it", async () => {
  await Daemon.start(lab, ["--advertise", ADVERTISED]);
  const provider = await DatagramListener.open(lab, "prov", [PROVIDER, 5060]);
  const phone = await new ScriptMachine(lab, "phone").open(PHONE);
  const options = (filler: string): string =>
    request("OPTIONS", {
      uri: `sip:${PROVIDER}`,
      by: PHONE,
      from: "<sip:alice@example.com>;tag=a",
      to: "<sip:bob@example.com>",
      callId: "growth@phone",
      cseq: 1,
      fields: [`Contact: <sip:alice@${PHONE}>`, `X-Filler: ${filler}`],
    });
  const sent = options("x".repeat(MOST - options("").length));
  expect(sent.length).toBe(MOST);
  // Linux sets DF on every UDP packet that needs no fragments (ip(7), IP_MTU_DISCOVER).
  phone.send(`${PROVIDER}:5060`, sent);
  const { payload } = await provider.next();
  expect(payload.length).toBeGreaterThan(MOST);
  expect(payload.toString("latin1")).toContain(`Contact: <sip:alice@${ADVERTISED}:5060>`);
});
