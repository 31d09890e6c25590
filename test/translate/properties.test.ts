import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scan } from "../../src/sip/scan.ts";
import { translateInbound } from "../../src/translate/inbound.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { observeMedia } from "../../src/translate/pinhole.ts";
import {
  applied,
  checkEdits,
  flowOf,
  hasRightLength,
  identityMapping,
  OUTSIDE,
  shiftMapping,
} from "./properties.ts";

const INSIDE = "192.168.50.10";
const OTHERS = ["198.51.100.9", "10.0.0.9", "phone.example", "[2001:db8::7]"] as const;

const port = fc.integer({ min: 1, max: 65535 });
const bodyPort = fc.integer({ min: 1, max: 32766 }).map((half) => half * 2);
/** An address that is ours every other time. */
const host = fc.oneof(fc.constant(INSIDE), fc.constantFrom(...OTHERS));
const hostPort = fc.tuple(host, fc.option(port)).map(([name, at]) => (at === null ? name : `${name}:${at}`));
const parameters = fc.uniqueArray(
  fc.constantFrom(";lr", ";ob", ";transport=udp", ";user=phone", ";x=1%2C", `;maddr=${INSIDE}`),
  {
    maxLength: 3,
  },
);
const uri = fc
  .tuple(fc.constantFrom("sip:", "sip:a@", "sip:a;b=c@", "sips:a:p@"), hostPort, parameters)
  .map(([scheme, at, list]) => scheme + at + list.join(""));
const display = fc.constantFrom("", '"A, <b>; \\"c" ', "Alice Smith ", "  ");
const address = fc
  .tuple(display, uri, fc.constantFrom("", ";q=0.5", ';+sip.instance="<urn:uuid:1>"', ";expires=60 "))
  .map(([name, at, tail]) => `${name}<${at}>${tail}`);
const fold = fc.constantFrom(" ", "", "  ", "\r\n ", "\r\n\t");
const field = fc
  .tuple(
    fc.constantFrom(
      "Contact",
      "m",
      "CONTACT",
      "Record-Route",
      "Route",
      "Path",
      "Service-Route",
      "Refer-To",
      "r",
      "Referred-By",
      "X-Other",
    ),
    fold,
    fc.array(address, { minLength: 1, maxLength: 3 }),
  )
  .map(([name, space, values]) => `${name}:${space}${values.join(", ")}`);
const via = fc
  .tuple(hostPort, fc.constantFrom("", ";rport", ";branch=z9hG4bK1", ` ; maddr=${INSIDE}`))
  .map(([at, tail]) => `Via: SIP/2.0/UDP ${at}${tail}`);

const line = fc
  .tuple(
    fc.constantFrom("audio", "video", "image", "text"),
    fc.oneof(bodyPort, fc.constant(0)),
    fc.constantFrom("RTP/AVP 0", "udptl t38", "RTP/SAVP 0 8"),
    fc.constantFrom(
      "",
      `c=IN IP4 ${INSIDE}\r\n`,
      "c=IN IP4 0.0.0.0\r\n",
      "c=IN IP4 198.51.100.9\r\n",
      "c=IN IP6 2001:db8::7\r\n",
    ),
    fc.constantFrom(
      "",
      "a=rtcp:4321\r\n",
      `a=rtcp:4321 IN IP4 ${INSIDE}\r\n`,
      "a=rtcp-mux\r\n",
      "a=sendonly\r\n",
    ),
  )
  .map(([media, at, rest, connection, attribute]) => `m=${media} ${at} ${rest}\r\n${connection}${attribute}`);
const session = fc
  .tuple(
    fc.constantFrom(INSIDE, "198.51.100.9"),
    fc.constantFrom(INSIDE, "0.0.0.0", "198.51.100.9"),
    fc.array(line, { maxLength: 5 }),
  )
  .map(
    ([origin, connection, lines]) =>
      `v=0\r\no=- 1 1 IN IP4 ${origin}\r\ns=-\r\nc=IN IP4 ${connection}\r\nt=0 0\r\n${lines.join("")}`,
  );

/** A request or a response with any of the above; its Content-Length is right. */
const message = fc
  .tuple(
    fc.constantFrom("INVITE sip:b@example.net SIP/2.0", "SIP/2.0 200 OK"),
    via,
    fc.array(field, { maxLength: 6 }),
    fc.option(session),
  )
  .map(([start, top, fields, body]) => {
    const content = body ?? "";
    const type = body === null ? [] : ["Content-Type: application/sdp"];
    return `${[start, top, "From: <sip:a@b>;tag=1", "To: <sip:b>", "Call-ID: 1", "CSeq: 1 INVITE", ...fields, ...type, `l: ${content.length}`].join("\r\n")}\r\n\r\n${content}`;
  });

const flow = flowOf(INSIDE);
const out = shiftMapping(INSIDE, OUTSIDE);
const home = shiftMapping(OUTSIDE, INSIDE);

function translated(text: string, translate: typeof translateOutbound, mapping = out): string {
  const result = scan(text);
  if (result.kind !== "message") throw new Error(`${JSON.stringify(result)} in ${text}`);
  const translation = translate(result.message, flow, mapping);
  if (translation.kind === "skipped") throw new Error(`${JSON.stringify(translation)} in ${text}`);
  checkEdits(text, translation);
  return applied(text, translation);
}

describe("a translation", () => {
  it("of any message changes nothing outside its edits and keeps Content-Length right", () => {
    fc.assert(
      fc.property(message, (text) => {
        expect(hasRightLength(text)).toBe(true);
        expect(hasRightLength(translated(text, translateOutbound))).toBe(true);
      }),
    );
  });

  it("of any message comes back: out and in again is what the phone wrote", () => {
    fc.assert(
      fc.property(message, (text) => {
        // The Via of a request comes back in its response, so both are looked at as one.
        const response = text.replace(/^[^\r]*/, "SIP/2.0 200 OK");
        const sent = translated(text, translateOutbound).replace(/^[^\r]*/, "SIP/2.0 200 OK");
        expect(translated(sent, translateInbound, home)).toBe(response);
      }),
    );
  });

  it("of any message leaves no inside literal where the other side would send to", () => {
    fc.assert(
      fc.property(message, (text) => {
        const [head = "", body = ""] = translated(text, translateOutbound).split("\r\n\r\n");
        const places =
          /^(?:contact|m|record-route|route|path|service-route|refer-to|r|referred-by):(?:.|\r\n[ \t])*/gim;
        expect((head.match(places) ?? []).join("\n")).not.toContain(INSIDE);
        if (text.startsWith("INVITE")) expect(/^Via:.*/m.exec(head)?.[0]).not.toContain(INSIDE);
        // A session whose live media are all public elsewhere keeps its o= line.
        expect(body.replace(/^o=.*/m, "")).not.toMatch(/^c=IN IP4 192\.168\.50\.10/m);
      }),
    );
  });

  it("by a mapping that changes nothing makes no edit, in either direction", () => {
    fc.assert(
      fc.property(message, (text) => {
        const result = scan(text);
        if (result.kind !== "message") throw new Error(result.kind);
        for (const translate of [translateOutbound, translateInbound]) {
          const ends = { ...flow, outside: flow.inside };
          expect(translate(result.message, ends, identityMapping(INSIDE))).toMatchObject({ edits: [] });
        }
      }),
    );
  });

  it("done twice is the same as done once", () => {
    fc.assert(
      fc.property(message, (text) => {
        const once = translated(text, translateOutbound);
        expect(translated(once, translateOutbound)).toBe(once);
      }),
    );
  });

  it("of any bytes at all never throws", () => {
    fc.assert(
      fc.property(
        message,
        fc.array(fc.tuple(fc.nat(2000), fc.string({ maxLength: 3 })), { maxLength: 3 }),
        (text, changes) => {
          let broken = text;
          for (const [at, put] of changes) broken = broken.slice(0, at) + put + broken.slice(at + put.length);
          const result = scan(broken);
          if (result.kind !== "message") return;
          expect(["translated", "skipped"]).toContain(translateOutbound(result.message, flow, out).kind);
          expect(["translated", "skipped"]).toContain(translateInbound(result.message, flow, home).kind);
        },
      ),
    );
  });

  it("in pinhole mode changes no byte and reports every m= line", () => {
    fc.assert(
      fc.property(message, (text) => {
        const result = scan(text);
        if (result.kind !== "message") throw new Error(result.kind);
        const observed = observeMedia(result.message);
        if (observed.kind === "skipped") throw new Error(observed.detail);
        expect(observed.edits).toEqual([]);
        expect(observed.media.length).toBe(text.match(/^m=/gm)?.length ?? 0);
      }),
    );
  });

  // What asked for each m= line once per c= line, or for each field once per edit, would need hours.
  it.each([
    [
      "20,000 Contacts",
      `INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n${`Contact: <sip:a@${INSIDE}>\r\n`.repeat(20_000)}\r\n`,
    ],
    [
      "20,000 m= lines",
      `INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nc: application/sdp\r\n\r\nv=0\r\n${`m=audio 4 RTP/AVP 0\r\nc=IN IP4 ${INSIDE}\r\n`.repeat(20_000)}`,
    ],
  ])("of %s is linear", (_name, text) => {
    expect(translated(text, translateOutbound)).not.toContain(INSIDE);
  });
});
