import { describe, expect, it } from "vitest";
import { scan } from "../../src/sip/scan.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { sample } from "../translate/corpus.ts";
import { flowOf, OUTSIDE, senders, shiftMapping } from "../translate/properties.ts";

/** What the scanner makes of each message of RFC 4475, with the reason where that is not to touch it. */
const VALID: Readonly<Record<string, string>> = {
  wsinv: "§3.1.1.1",
  intmeth: "§3.1.1.2",
  esc01: "§3.1.1.3",
  escnull: "§3.1.1.4",
  esc02: "§3.1.1.5",
  lwsdisp: "§3.1.1.6",
  longreq: "§3.1.1.7",
  dblreq: "§3.1.1.8",
  semiuri: "§3.1.1.9",
  transports: "§3.1.1.10",
  mpart01: "§3.1.1.11",
  unreason: "§3.1.1.12",
  noreason: "§3.1.1.13",
  badbranch: "§3.2.1",
  unkscm: "§3.3.2",
  novelsc: "§3.3.3",
  unksm2: "§3.3.4",
  bext01: "§3.3.5",
  invut: "§3.3.6",
  regaut01: "§3.3.7",
  bcast: "§3.3.10",
  zeromf: "§3.3.11",
  cparam01: "§3.3.12",
  cparam02: "§3.3.13",
  regescrt: "§3.3.14",
  sdp01: "§3.3.15",
  inv2543: "§3.4.1",
};

const INVALID: Readonly<Record<string, string>> = {
  badinv01: "malformed-via",
  clerr: "body-shorter-than-content-length",
  ncl: "malformed-content-length",
  scalar02: "malformed-cseq",
  scalarlg: "malformed-cseq",
  quotbal: "malformed-to",
  ltgtruri: "no-start-line",
  lwsruri: "no-start-line",
  lwsstart: "no-start-line",
  trws: "no-start-line",
  escruri: "no-start-line",
  baddate: "malformed-date",
  badaspec: "malformed-to",
  baddn: "malformed-from",
  badvers: "no-start-line",
  mismatch01: "cseq-method-mismatch",
  mismatch02: "cseq-method-mismatch",
  bigcode: "no-start-line",
  insuf: "missing-header",
  multi01: "repeated-header",
  mcl01: "repeated-header",
};

function read(name: string): string {
  const text = sample(`rfc4475/${name}.sip`);
  // The RFC's file of baddn lacks the empty line behind its header fields.
  return name === "baddn" ? `${text.trimEnd()}\r\n\r\n` : text;
}

describe("RFC 4475", () => {
  it.each(Object.entries(VALID))("%s (%s) is read as a message and translated", (name) => {
    const text = read(name);
    const result = scan(text);
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    for (const inside of senders(text)) {
      const translation = translateOutbound(result.message, flowOf(inside), shiftMapping(inside, OUTSIDE));
      expect(translation.kind).toBe("translated");
    }
  });

  it.each(Object.entries(INVALID))("%s passes unmodified: %s", (name, reason) => {
    expect(scan(read(name))).toMatchObject({ kind: "not-sip", reason });
  });

  it("regbadct passes unmodified: its Contact needs <> around it", () => {
    const result = scan(read("regbadct"));
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    const mapping = shiftMapping("192.0.2.1", OUTSIDE);
    expect(translateOutbound(result.message, flowOf("192.0.2.1"), mapping)).toEqual({
      kind: "skipped",
      reason: "malformed-header",
      detail: "Contact",
    });
  });

  it("dblreq ends where its Content-Length says, before the second request in the datagram", () => {
    const text = read("dblreq");
    const result = scan(text);
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    expect(result.message.method).toBe("REGISTER");
    expect(text.slice(result.message.end)).toMatch(/^\s*INVITE/);
  });
});
