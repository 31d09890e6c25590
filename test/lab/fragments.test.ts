import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { joinAddress } from "./ip-address.ts";
import { GATEWAY_OUTSIDE, GATEWAY_OUTSIDE_IPV6, Lab, type Machine, phoneIpv6Address } from "./namespaces.ts";
import { translatingIpv6 } from "./nat66.ts";
import { untilHeard } from "./repeated-media.ts";
import { ScriptCall } from "./script-call.ts";
import { field, mediaAddress, request, response, sessionDescription, startLine } from "./script-message.ts";

const ALICE = "<sip:alice@example.com>;tag=a";
const BOB = "<sip:bob@example.com>;tag=b";
/** What makes an INVITE of 6 kB: five fragments where the MTU is 1500 bytes. */
const LARGE = `X-Large: ${"0123456789".repeat(560)}`;

/** Where each family counts its fragments: those made, and the packets put together from such. */
const COUNTERS = {
  ipv4: ["/proc/net/snmp", "FragCreates", "ReasmOKs"],
  ipv6: ["/proc/net/snmp6", "Ip6FragCreates", "Ip6ReasmOKs"],
} as const;

describe.each([
  { over: "IPv4", family: "ipv4", external: `${GATEWAY_OUTSIDE}:5060` },
  { over: "IPv6", family: "ipv6", external: joinAddress(phoneIpv6Address(0), 5060) },
  { over: "IPv6 and NAT66", family: "ipv6", external: joinAddress(GATEWAY_OUTSIDE_IPV6, 5060) },
] as const)("over $over", ({ over, family, external }) => {
  let lab: Lab;
  let call: ScriptCall;

  beforeAll(async () => {
    lab = new Lab({ phones: 1, ipv6: true });
    const flags = over === "IPv6 and NAT66" ? await translatingIpv6(lab) : [];
    await Daemon.start(lab, flags);
    call = await ScriptCall.open(lab, "unused", family);
  });

  afterAll(() => lab?.dispose());

  /** How many fragments a machine has made, and how many packets it has put together. */
  async function fragments(machine: Machine): Promise<{ readonly made: number; readonly joined: number }> {
    const [file, made, joined] = COUNTERS[family];
    const counters = await lab.exec(machine, "cat", file);
    const count = (name: string): number =>
      family === "ipv6"
        ? Number(new RegExp(`^${name}\\s+(\\d+)$`, "m").exec(counters)?.[1])
        : column(counters, name);
    return { made: count(made), joined: count(joined) };
  }

  test("an INVITE of 6 kB from a phone arrives whole, and its media goes both ways", async () => {
    const { phone, phoneMedia, provider, providerMedia } = call;
    const before = { phone: await fragments("phone"), provider: await fragments("prov") };
    phone.send(
      provider.address,
      request("INVITE", {
        uri: `sip:bob@${provider.address}`,
        by: phone.address,
        from: ALICE,
        to: "<sip:bob@example.com>",
        callId: `large@${family}`,
        cseq: 1,
        fields: [LARGE, `Contact: <sip:alice@${phone.address}>`],
        sdp: sessionDescription(phoneMedia.address),
      }),
    );
    const { text: invite, source } = await provider.next();
    expect((await fragments("phone")).made).toBe(before.phone.made + 5);
    expect((await fragments("prov")).joined).toBe(before.provider.joined + 1);
    expect(invite).toContain(`\r\n${LARGE}\r\n`);
    expect(source).toBe(external);
    expect(field(invite, "Contact")).toBe(`<sip:alice@${external}>`);
    const sdp = sessionDescription(providerMedia.address);
    provider.send(source, response(invite, "200 OK", { toTag: "b", sdp }));
    await phone.next();
    const advertised = mediaAddress(invite);
    await untilHeard(providerMedia, advertised, phoneMedia, providerMedia.address);
    await untilHeard(phoneMedia, providerMedia.address, providerMedia, advertised);
  });

  test("a re-INVITE of 6 kB from a provider arrives whole, at the address the phone itself wrote", async () => {
    const { phone, provider, providerMedia } = call;
    const before = { phone: await fragments("phone"), provider: await fragments("prov") };
    provider.send(
      external,
      request("INVITE", {
        uri: `sip:alice@${external}`,
        by: provider.address,
        from: BOB,
        to: ALICE,
        callId: `large@${family}`,
        cseq: 1,
        fields: [LARGE],
        sdp: sessionDescription(providerMedia.address),
      }),
    );
    const { text: invite, source } = await phone.next();
    expect((await fragments("prov")).made).toBe(before.provider.made + 5);
    expect((await fragments("phone")).joined).toBe(before.phone.joined + 1);
    expect(source).toBe(provider.address);
    expect(startLine(invite)).toBe(`INVITE sip:alice@${phone.address} SIP/2.0`);
    expect(invite).toContain(`\r\n${LARGE}\r\n`);
    expect(mediaAddress(invite)).toBe(providerMedia.address);
  });
});

/** A value of /proc/net/snmp, which has names and values in a line each. */
function column(snmp: string, name: string): number {
  const [names = "", values = ""] = snmp.split("\n").filter((line) => line.startsWith("Ip:"));
  return Number(values.split(" ")[names.split(" ").indexOf(name)]);
}
