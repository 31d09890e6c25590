import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener } from "./datagram-listener.ts";
import { Lab, OUTSIDE_INTERFACE, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { ScriptMachine } from "./script-end.ts";
import { request } from "./script-message.ts";

const PHONE = `${phoneAddress(0)}:5060`;
const [PROVIDER] = PROVIDER_HOSTS;
/** Longer than the phone's own address, so that a message grows where it is written. */
const ADVERTISED = "198.51.100.100";

let lab: Lab;

beforeEach(() => {
  lab = new Lab({ phones: 1 });
});

afterEach(() => lab?.dispose());

test.each([
  { mtu: 1500, of: "Ethernet" },
  { mtu: 1492, of: "PPPoE" },
])(
  "a message that grows past $of's $mtu bytes arrives, though the phone forbids to fragment it",
  async ({ mtu }) => {
    await lab.exec("gw", "ip", "link", "set", OUTSIDE_INTERFACE, "mtu", `${mtu}`);
    /** The most UDP payload of an unfragmented packet. */
    const most = mtu - 20 - 8;
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
    const sent = options("x".repeat(most - options("").length));
    expect(sent.length).toBe(most);
    // Linux sets DF on every UDP packet that needs no fragments (ip(7), IP_MTU_DISCOVER).
    phone.send(`${PROVIDER}:5060`, sent);
    const { payload } = await provider.next();
    expect(payload.length).toBeGreaterThan(most);
    expect(payload.toString("latin1")).toContain(`Contact: <sip:alice@${ADVERTISED}:5060>`);
  },
);
