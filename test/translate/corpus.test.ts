import { describe, expect, it } from "vitest";
import { scan } from "../../src/sip/scan.ts";
import { translateInbound } from "../../src/translate/inbound.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { largeCorpus, ownCorpus, type Sample } from "./corpus.ts";
import {
  applied,
  checkEdits,
  flowOf,
  hasRightLength,
  identityMapping,
  OUTSIDE,
  senders,
  shiftMapping,
} from "./properties.ts";

/**
 * The same fields and body behind a status line: as a response is where the Via of a request comes back. A message
 * that is a response stays one.
 */
function asResponse(text: string): string {
  const start = text.search(/[^\r\n]/);
  return `SIP/2.0 200 OK\r${text.slice(text.indexOf("\n", start))}`;
}

/** A session description in the INVITE it could have come in, so that it takes the same way. */
function message({ kind, text }: Sample): string {
  if (!kind.startsWith("sdp")) return text;
  return `INVITE sip:b@example.net SIP/2.0\r
Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK1\r
From: <sip:a@example.net>;tag=1\r
To: <sip:b@example.net>\r
Call-ID: 1\r
CSeq: 1 INVITE\r
Content-Type: application/sdp\r
Content-Length: ${text.length}\r
\r
${text}`;
}

describe.each([
  ["test/corpus", ownCorpus()],
  ["the large corpus", largeCorpus()],
] as const)("%s", (name, samples) => {
  const pairs = samples.flatMap((sample) => {
    const text = message(sample);
    return senders(text).map((inside) => ({ file: sample.file, text, inside }));
  });

  it("is read in full, and most of its messages name an address that can be translated", () => {
    if (samples.length === 0) return expect(name).toBe("the large corpus");
    expect(pairs.length).toBeGreaterThan(samples.length / 3);
  });

  it("has no text that stops the scanner", () => {
    for (const { text, file } of samples) {
      expect(["message", "keep-alive", "not-sip"], file).toContain(scan(text).kind);
    }
  });

  it("keeps every byte outside the edits", () => {
    for (const { text, inside, file } of pairs) {
      const result = scan(text);
      if (result.kind !== "message") continue;
      const flow = flowOf(inside);
      const translation = translateOutbound(result.message, flow, shiftMapping(inside, OUTSIDE));
      expect(() => checkEdits(text, translation), file).not.toThrow();
    }
  });

  it("comes back as it was when it goes out, and in again in the response", () => {
    for (const { text, inside, file } of pairs) {
      const result = scan(text);
      if (result.kind !== "message") continue;
      const flow = flowOf(inside);
      const out = applied(text, translateOutbound(result.message, flow, shiftMapping(inside, OUTSIDE)));
      const response = scan(asResponse(out));
      expect(response.kind, file).toBe("message");
      if (response.kind !== "message") continue;
      const back = translateInbound(response.message, flow, shiftMapping(OUTSIDE, inside));
      expect(applied(response.message.text, back), file).toBe(asResponse(text));
    }
  });

  it("is not edited by a mapping that changes nothing", () => {
    for (const { text, inside, file } of pairs) {
      const result = scan(text);
      if (result.kind !== "message") continue;
      const flow = flowOf(inside);
      const same = { ...flow, outside: flow.inside };
      for (const translate of [translateOutbound, translateInbound]) {
        const translation = translate(result.message, same, identityMapping(inside));
        if (translation.kind === "translated") expect(translation.edits, file).toEqual([]);
      }
    }
  });

  it("holds no inside literal at a translated place once it has gone out", () => {
    for (const { text, inside, file } of pairs) {
      const result = scan(text);
      if (result.kind !== "message") continue;
      const flow = flowOf(inside);
      const out = applied(text, translateOutbound(result.message, flow, shiftMapping(inside, OUTSIDE)));
      const again = scan(out);
      if (again.kind !== "message") continue;
      const translation = translateOutbound(again.message, flow, shiftMapping(inside, OUTSIDE));
      if (translation.kind === "translated") expect(translation.edits, file).toEqual([]);
    }
  });

  it("has the right Content-Length whenever it had", () => {
    let counted = 0;
    for (const { text, inside, file } of pairs) {
      const result = scan(text);
      if (result.kind !== "message" || !hasRightLength(text)) continue;
      const translation = translateOutbound(result.message, flowOf(inside), shiftMapping(inside, OUTSIDE));
      expect(hasRightLength(applied(text, translation)), file).toBe(true);
      counted++;
    }
    expect(counted).toBeGreaterThanOrEqual(samples.length / 5);
  });
});
