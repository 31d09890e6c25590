import { describe, expect, it } from "vitest";
import { schema } from "../../src/config/schema.ts";
import { Network } from "../../src/packet/network.ts";
import { replayCapture } from "../../src/replay/capture.ts";
import { EXTERNAL, message, PHONE, PROVIDER } from "../cli/messages.ts";
import { udpPacket } from "../packet/packets.ts";

/** The texts that translation writes into what the phone sends, in the last message of these. */
function written(...payloads: readonly string[]): readonly string[] | string {
  const packets = payloads.map((payload, index) => ({
    time: BigInt(index) * 1_000_000_000n,
    bytes: udpPacket({
      source: PHONE,
      destination: PROVIDER,
      sourcePort: 5060,
      destinationPort: 5060,
      payload,
    }),
  }));
  const { messages } = replayCapture(packets, {
    config: schema.parse({}),
    inside: [Network.parse("192.168.50.0/24")],
    outside: EXTERNAL,
  });
  const last = messages.at(-1)?.message;
  if (last === undefined) throw new Error("There is no message.");
  return typeof last.outcome === "string" ? last.outcome : last.edits.map(({ text }) => text);
}

const register = (...contacts: readonly string[]): string =>
  message("REGISTER sip:example.net SIP/2.0", "1 REGISTER", [`Contact: ${contacts.join(", ")}`]);
const answer = (method: string, ...fields: readonly string[]): string =>
  message("SIP/2.0 200 OK", `1 ${method}`, fields);
const own = `<sip:a@${PHONE}:5060>`;

describe("a port of the phone's host that nothing has come from", () => {
  it("is opened where the phone says that it listens there", () => {
    // The sent-by and both Contacts, whose ports are free outside.
    expect(written(register(own, `<sip:a@${PHONE}:5080>`))).toEqual([EXTERNAL, EXTERNAL, EXTERNAL]);
    expect(written(register(own), answer("INVITE", `Contact: <sip:a@${PHONE}:5080>`))).toEqual([EXTERNAL]);
  });

  it("stays closed where the phone repeats what others wrote", () => {
    const repeated = [`<sip:${PHONE}:6000;lr>`, `<sip:${PHONE}:3306;transport=tcp;lr>`];
    for (const field of ["Record-Route", "Route", "Refer-To", "Service-Route", "Path"]) {
      for (const value of repeated) {
        expect(written(register(own), answer("OPTIONS", `${field}: ${value}`)), field).toBe(
          "nothing-to-change",
        );
      }
    }
    const listed = answer("REGISTER", `Contact: <sip:b@${PHONE}:3306;transport=tcp>`);
    expect(written(register(own), listed)).toBe("nothing-to-change");
  });

  it("stays closed where its host has services and a request that a proxy sends on names them", () => {
    const proxied = (port: number): string =>
      message("OPTIONS sip:b@example.net SIP/2.0", "1 OPTIONS", [`Record-Route: <sip:${PHONE}:${port};lr>`]);
    expect(written(register(own), proxied(22))).toEqual([EXTERNAL]);
    expect(written(register(own), proxied(5070))).toEqual([EXTERNAL, EXTERNAL]);
  });
});

it("what the phone said of itself is translated where others repeat it to it", () => {
  expect(
    written(
      register(own, `<sip:a@${PHONE}:5080>`),
      answer("OPTIONS", `Record-Route: <sip:${PHONE}:5080;lr>`),
    ),
  ).toEqual([EXTERNAL]);
});

it("a message that names more ports than any phone has passes as it came, and leaves none of them open", () => {
  const many = Array.from({ length: 6 }, (_, index) => `<sip:a@${PHONE}:${6000 + index}>`);
  expect(written(register(own, ...many))).toBe("untranslatable");
  // The first of them is not known afterwards.
  expect(
    written(register(own, ...many), register(own), answer("OPTIONS", `Route: <sip:${PHONE}:6000>`)),
  ).toBe("nothing-to-change");
});
