import { expect, it } from "vitest";
import { schema } from "../../src/config/schema.ts";
import { Network } from "../../src/packet/network.ts";
import { replayCapture } from "../../src/replay/capture.ts";
import { EXTERNAL, message, PHONE, PROVIDER, sdp } from "../cli/messages.ts";
import { udpPacket } from "../packet/packets.ts";

/** More INVITEs than one outside host may have unanswered. */
const FLOOD = 300;

function packet(source: string, destination: string, callId: string, text: string): Buffer {
  const payload = text.replaceAll(`UDP ${PHONE}`, `UDP ${PROVIDER}`).replace("call-1", callId);
  return udpPacket({ source, destination, sourcePort: 5060, destinationPort: 5060, payload });
}

const invite = (callId: string): Buffer =>
  packet(
    PROVIDER,
    PHONE,
    callId,
    message(`INVITE sip:a@${PHONE} SIP/2.0`, "1 INVITE", [], sdp(PROVIDER, 5004)),
  );
const says = (callId: string, status: string, body = ""): Buffer =>
  packet(PHONE, PROVIDER, callId, message(`SIP/2.0 ${status}`, "1 INVITE", [], body));

it("a flood of INVITEs from one host is translated all the same, and costs none of its calls that the phone has heard of", () => {
  const packets = [
    invite("ringing"),
    says("ringing", "180 Ringing"),
    invite("silent"),
    ...Array.from({ length: FLOOD }, (_, index) => invite(`flood-${index}`)),
    says("ringing", "200 OK", sdp(PHONE, 40_000)),
    says("silent", "200 OK", sdp(PHONE, 40_010)),
  ].map((bytes, index) => ({ time: BigInt(index) * 5_000_000n, bytes }));
  const { messages } = replayCapture(packets, {
    config: schema.parse({}),
    inside: [Network.parse("192.168.50.0/24")],
    outside: EXTERNAL,
  });
  const passed = messages.filter(({ message: { outcome } }) => typeof outcome === "string");
  expect(passed.filter(({ message: { outcome } }) => outcome !== "nothing-to-change")).toEqual([]);
  const opened = (callId: string): unknown[] =>
    messages
      .filter(({ message }) => message.callId === callId)
      .flatMap(({ message }) => message.media)
      .map((change) => change.kind === "open" && change.wanted.direction);
  expect(opened("ringing")).toContain("outbound");
  // What its INVITE had said is forgotten: its media is let in from wherever it comes.
  expect(opened("silent")).toEqual(["inbound", "inbound"]);
});
