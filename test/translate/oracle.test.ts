import { describe, expect, it } from "vitest";
import { scanSession } from "../../src/sdp/scan.ts";
import type { MediaDescription } from "../../src/sdp/session.ts";
import { scan } from "../../src/sip/scan.ts";
import { translateInbound } from "../../src/translate/inbound.ts";
import type { FlowEnds } from "../../src/translate/mapping.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { largeCorpus, type Sample, sibling } from "./corpus.ts";
import { portTable } from "./exchange.ts";
import { applied } from "./properties.ts";

const samples = largeCorpus();

/** The messages of one array of AT&T's SIP ALG tests in their order, each with its name in the array. */
function dataset(number: number, array: string): Sample[] {
  return samples.filter(({ note }) =>
    new RegExp(`dataset ${number}, message .*array sipd${number}_${array}\\b`).test(note),
  );
}

/** What differs by design: docs/translation.md says of each which is right. */
function comparable(text: string): string[] {
  return text
    .split("\r\n")
    .filter((line) => !/^(?:From|To|P-asserted-identity|Content-Length):/i.test(line))
    .map((line) => line.replace(/^((?:Contact|Record-Route):.*30\.30\.30\.2):1024/, "$1"))
    .map((line) => line.replace(/^(Via: SIP\/2.0\/UDP [\d.]+):\d+/, "$1"));
}

describe("another ALG's translation (AT&T vyatta)", () => {
  it.each([1, 2])(
    "of source NAT is ours, but for From, P-Asserted-Identity and the ports of Contact and Via: dataset %i",
    (number) => {
      if (samples.length === 0) return;
      const before = dataset(number, "pre_snat");
      const after = dataset(number, "post_snat");
      expect(before).toHaveLength(6);
      const { text: invite = "" } = before[0] ?? {};
      const inside = /^c=IN IP4 (\S+)/m.exec(invite)?.[1] ?? "";
      const { text: translatedInvite = "" } = after[0] ?? {};
      const outside = /^c=IN IP4 (\S+)/m.exec(translatedInvite)?.[1] ?? "";
      const media = Number(/^m=audio (\d+)/m.exec(translatedInvite)?.[1]);
      const signalling = Number(/^Via: SIP\/2.0\/UDP [^:]+:(\d+)/m.exec(translatedInvite)?.[1]);
      const insideMedia = Number(/^m=audio (\d+)/m.exec(invite)?.[1]);
      const ends: FlowEnds = {
        inside: { host: inside, port: 5060 },
        outside: { host: outside, port: signalling },
        remote: { host: "22.22.22.2", port: 5060 },
        transport: "udp",
      };
      const table = portTable({ 5060: signalling, [insideMedia]: media }, ends);
      let compared = 0;
      for (const [index, { text, file }] of before.entries()) {
        const result = scan(text);
        if (result.kind !== "message") throw new Error(`${file}: ${JSON.stringify(result)}`);
        const translation = file.includes("-forw-")
          ? translateOutbound(result.message, ends, table.outbound)
          : translateInbound(result.message, ends, table.inbound);
        expect(translation.kind).toBe("translated");
        expect(comparable(applied(text, translation)), file).toEqual(comparable(after[index]?.text ?? ""));
        compared++;
      }
      expect(compared).toBe(6);
    },
  );
});

describe("rtpengine's rewriting of session descriptions", () => {
  const pairs = samples
    .filter(({ kind }) => kind === "sdp-rewrite-pair")
    .map(({ file, text }) => ({ file, text, expected: sibling(file, ".expected") }))
    .filter(({ text, expected }) => text.includes("m=") && expected.includes("m="));

  function lines(text: string): readonly MediaDescription[] {
    // The expected files have a word where rtpengine allocates a port.
    const concrete = text.replace(/\bPORT\b/g, "30000").replace(/ICEBASE/g, "x");
    const result = scanSession(concrete, 0, concrete.length);
    if (result.kind === "invalid") throw new Error(`${result.reason} at ${result.at}`);
    return result.session.media;
  }

  /** Where rtpengine was told to take a line out, to turn a fax into audio, or shows a placeholder for a port 0. */
  const ON_PURPOSE = ["085-", "086-", "104-", "163-"];

  it("keeps as many m= lines as we do, and rejects the same ones", () => {
    if (samples.length === 0) return;
    const shape = (line: MediaDescription): string => `${line.media} ${line.port === 0}`;
    const differing = pairs.filter(
      ({ text, expected }) => lines(text).map(shape).join() !== lines(expected).map(shape).join(),
    );
    expect(differing.map(({ file }) => file.slice("sdp-rtpengine/".length, -1).slice(0, 4))).toEqual(
      ON_PURPOSE,
    );
    expect(pairs.length).toBeGreaterThan(100);
  });
});
