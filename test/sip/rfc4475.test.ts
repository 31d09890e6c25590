import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contacts } from "../../src/sip/contact.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scan } from "../../src/sip/scan.ts";
import { scanUri } from "../../src/sip/uri.ts";
import { scanBodies } from "../../src/translate/bodies.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { sample } from "../translate/corpus.ts";
import { flowOf, OUTSIDE, senders, shiftMapping } from "../translate/properties.ts";

/** What is read of a valid message, as far as its section is about it. */
interface Reading {
  readonly section: string;
  readonly method: string;
  readonly status?: number;
  readonly cseq?: number;
  readonly fromTag?: string;
  readonly toTag?: string;
  /** Scheme and host of a SIP Request-URI, "other" for another scheme. */
  readonly uri?: string;
  /** Transport, sent-by host and branch ("" without one) of the topmost Via. */
  readonly via?: readonly [string, string, string];
  /** The hosts of Contact, "" for one that is no SIP URI. */
  readonly contacts?: readonly string[];
  /** The ports of the m= lines. */
  readonly media?: readonly number[];
}

const TWO_LINES = [49217, 3227];

const VALID: Readonly<Record<string, Reading>> = {
  wsinv: {
    section: "§3.1.1.1",
    method: "INVITE",
    cseq: 9,
    fromTag: "98asjd8",
    toTag: "1918181833n",
    uri: "sip:chair-dnrc.example.com",
    via: ["UDP", "192.0.2.2", "390skdjuw"],
    contacts: ["example.com"],
    media: TWO_LINES,
  },
  intmeth: {
    section: "§3.1.1.2",
    method: "!interesting-Method0123456789_*+`.%indeed'~",
    cseq: 139122385,
    fromTag: "_token~1'+`*%!-.",
    uri: "sip:example.com",
    via: ["TCP", "host1.example.com", "z9hG4bK-.!%66*_+`'~"],
  },
  esc01: {
    section: "§3.1.1.3",
    method: "INVITE",
    uri: "sip:example.net",
    contacts: ["host5.example.net"],
    media: TWO_LINES,
  },
  escnull: {
    section: "§3.1.1.4",
    method: "REGISTER",
    contacts: ["host5.example.com", "host5.example.com"],
  },
  // C%6Fntact is no Contact, as RE%47IST%45R is no REGISTER: nothing is unescaped there.
  esc02: {
    section: "§3.1.1.5",
    method: "RE%47IST%45R",
    contacts: ["host1.example.com", "host3.example.com"],
  },
  lwsdisp: { section: "§3.1.1.6", method: "OPTIONS", fromTag: "323" },
  longreq: {
    section: "§3.1.1.7",
    method: "INVITE",
    via: ["TCP", "sip33.example.com", ""],
    contacts: ["host5.example.net"],
    media: TWO_LINES,
  },
  dblreq: { section: "§3.1.1.8", method: "REGISTER", contacts: ["host.example.com"], media: [] },
  semiuri: { section: "§3.1.1.9", method: "OPTIONS", uri: "sip:example.com" },
  transports: {
    section: "§3.1.1.10",
    method: "OPTIONS",
    via: ["UDP", "t1.example.com", "z9hG4bKkdjuw"],
  },
  mpart01: { section: "§3.1.1.11", method: "MESSAGE", contacts: ["127.0.0.1"], media: [] },
  unreason: { section: "§3.1.1.12", method: "INVITE", status: 200, media: TWO_LINES },
  noreason: { section: "§3.1.1.13", method: "INVITE", status: 100 },
  badbranch: { section: "§3.2.1", method: "OPTIONS", via: ["UDP", "192.0.2.1", "z9hG4bK"] },
  unkscm: { section: "§3.3.2", method: "OPTIONS", uri: "other" },
  novelsc: { section: "§3.3.3", method: "OPTIONS", uri: "other" },
  unksm2: { section: "§3.3.4", method: "REGISTER", fromTag: "3234233", contacts: [""] },
  bext01: {
    section: "§3.3.5",
    method: "OPTIONS",
    via: ["TLS", "fold-and-staple.example.com", "z9hG4bKkdjuw"],
  },
  invut: { section: "§3.3.6", method: "INVITE", media: [] },
  regaut01: { section: "§3.3.7", method: "REGISTER", contacts: [] },
  bcast: {
    section: "§3.3.10",
    method: "INVITE",
    status: 200,
    via: ["UDP", "192.0.2.198", "z9hG4bK1324923"],
  },
  zeromf: { section: "§3.3.11", method: "OPTIONS", cseq: 39234321 },
  cparam01: { section: "§3.3.12", method: "REGISTER", contacts: ["gw1.example.net"] },
  cparam02: { section: "§3.3.13", method: "REGISTER", contacts: ["gw1.example.net"] },
  regescrt: { section: "§3.3.14", method: "REGISTER", contacts: ["example.com"] },
  sdp01: { section: "§3.3.15", method: "INVITE", media: TWO_LINES },
  inv2543: {
    section: "§3.4.1",
    method: "INVITE",
    fromTag: "",
    toTag: "",
    via: ["UDP", "iftgw.example.com", ""],
    media: [49217],
  },
};

/** Why a message is not to be touched. */
const INVALID: Readonly<Record<string, readonly [section: string, reason: string]>> = {
  badinv01: ["§3.1.2.1", "malformed-via"],
  clerr: ["§3.1.2.2", "body-shorter-than-content-length"],
  ncl: ["§3.1.2.3", "malformed-content-length"],
  scalar02: ["§3.1.2.4", "malformed-cseq"],
  scalarlg: ["§3.1.2.5", "malformed-cseq"],
  quotbal: ["§3.1.2.6", "malformed-to"],
  ltgtruri: ["§3.1.2.7", "no-start-line"],
  lwsruri: ["§3.1.2.8", "no-start-line"],
  lwsstart: ["§3.1.2.9", "no-start-line"],
  trws: ["§3.1.2.10", "no-start-line"],
  escruri: ["§3.1.2.11", "no-start-line"],
  baddate: ["§3.1.2.12", "malformed-date"],
  badaspec: ["§3.1.2.14", "malformed-to"],
  baddn: ["§3.1.2.15", "malformed-from"],
  badvers: ["§3.1.2.16", "no-start-line"],
  mismatch01: ["§3.1.2.17", "cseq-method-mismatch"],
  mismatch02: ["§3.1.2.18", "cseq-method-mismatch"],
  bigcode: ["§3.1.2.19", "no-start-line"],
  insuf: ["§3.3.1", "missing-header"],
  multi01: ["§3.3.8", "repeated-header"],
  mcl01: ["§3.3.9", "repeated-header"],
};

function read(name: string): string {
  const text = sample(`rfc4475/${name}.sip`);
  // The RFC's file of baddn lacks the empty line behind its header fields.
  return name === "baddn" ? `${text.trimEnd()}\r\n\r\n` : text;
}

function reading(message: SipMessage): Required<Omit<Reading, "section">> {
  const { text, via, requestUri } = message;
  const uri = scanUri(text, requestUri.start, requestUri.end);
  const bodies = scanBodies(message);
  if ("reason" in bodies) throw new Error(bodies.detail);
  return {
    method: message.method,
    status: message.status,
    cseq: message.cseq,
    fromTag: message.fromTag,
    toTag: message.toTag,
    uri: uri?.kind === "sip" ? `sip:${text.slice(uri.hostStart, uri.hostEnd)}` : "other",
    via: [via.transport, text.slice(via.hostStart, via.hostEnd), message.branch],
    contacts: [...contacts(message)].map((contact) => (contact.kind === "star" ? "*" : contact.host)),
    media: bodies.scanned.flatMap(({ session }) => session.media.map(({ port }) => port)),
  };
}

describe("RFC 4475", () => {
  it("has all 49 messages of its section 3 here", () => {
    const asserted = [...Object.keys(VALID), ...Object.keys(INVALID), "regbadct"];
    const files = readdirSync(new URL("../corpus/rfc4475/", import.meta.url));
    const messages = files.map((file) => file.replace(".sip", "")).filter((name) => !name.endsWith("-extra"));
    expect(messages).toHaveLength(49);
    expect(asserted.sort()).toEqual(messages.sort());
  });

  const valid = Object.entries(VALID).map(([name, { section, ...wanted }]) => ({ name, section, wanted }));
  it.each(valid)("$section $name is read as it is meant, and translated", ({ name, wanted }) => {
    const text = read(name);
    const result = scan(text);
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    expect(reading(result.message)).toMatchObject(wanted);
    for (const inside of senders(text)) {
      const translation = translateOutbound(result.message, flowOf(inside), shiftMapping(inside, OUTSIDE));
      expect(translation.kind).toBe("translated");
    }
  });

  const invalid = Object.entries(INVALID).map(([name, [section, reason]]) => ({ name, section, reason }));
  it.each(invalid)("$section $name passes unmodified: $reason", ({ name, reason }) => {
    expect(scan(read(name))).toMatchObject({ kind: "not-sip", reason });
  });

  it("§3.1.2.13 regbadct passes unmodified: its Contact needs <> around it", () => {
    const result = scan(read("regbadct"));
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    const mapping = shiftMapping("192.0.2.1", OUTSIDE);
    expect(translateOutbound(result.message, flowOf("192.0.2.1"), mapping)).toEqual({
      kind: "skipped",
      reason: "malformed-header",
      detail: "Contact",
    });
  });

  it("§3.1.1.8 dblreq ends where its Content-Length says, before the second request in the datagram", () => {
    const text = read("dblreq");
    const result = scan(text);
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    expect(result.message.method).toBe("REGISTER");
    expect(text.slice(result.message.end)).toMatch(/^\s*INVITE/);
  });
});
