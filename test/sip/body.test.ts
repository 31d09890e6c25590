import { describe, expect, it } from "vitest";
import { type Body, readBody } from "../../src/sip/body.ts";
import { scan } from "../../src/sip/scan.ts";
import { crlf } from "../translate/exchange.ts";

/** The body of an INVITE with these fields and this body, and the texts of its session descriptions. */
function body(fields: string, content: string): Body & { readonly texts: readonly string[] } {
  const text = crlf(`INVITE sip:b SIP/2.0
Via: SIP/2.0/UDP a
From: <sip:a@r>;tag=1
To: <sip:b>
Call-ID: 1
CSeq: 1 INVITE
${fields}

${content}`);
  const result = scan(text);
  if (result.kind !== "message") throw new Error(JSON.stringify(result));
  const read = readBody(result.message);
  const { sdp, sealed, malformed } = read;
  return { sdp, sealed, malformed, texts: sdp.map(({ start, end }) => text.slice(start, end)) };
}

describe("a body", () => {
  it("is a session description by its Content-Type, whatever its case and parameters", () => {
    expect(body("c: Application/SDP ; charset=x", "v=0\n").texts).toEqual(["v=0\r\n"]);
    expect(body("Content-Type: application/sdp", "").texts).toEqual([]);
    expect(body("Content-Type: text/plain", "v=0\n").texts).toEqual([]);
    expect(body("X: 1", "v=0\n").texts).toEqual([]);
  });

  it("may hold session descriptions in any part, each without the line end of the delimiter", () => {
    const read = body(
      'Content-Type: multipart/mixed;boundary="a b"',
      `preamble --a b
--a b
Content-Type: application/sdp
Content-Length: 4

v=0
--a b
Content-Type: multipart/alternative;boundary=c

--c
Content-Type: application/sdp

v=1

--c--
--a b
Content-Type: application/isup

binary
--a b--
`,
    );
    expect(read.texts).toEqual(["v=0", "v=1\r\n"]);
    expect(read.sdp.map(({ lengths }) => lengths.length)).toEqual([1, 0]);
  });

  it("may lack its close delimiter", () => {
    const read = body(
      "Content-Type: multipart/mixed;boundary=a",
      "--a\nContent-Type: application/sdp\n\nv=0\n",
    );
    expect(read.texts).toEqual(["v=0\r\n"]);
  });

  it.each(["multipart/mixed", "multipart/mixed;boundary=x"])(
    "that does not follow its boundary is malformed: %s",
    (type) => {
      expect(body(`Content-Type: ${type}`, "--a\n\nv=0\n").malformed).toBe(true);
    },
  );

  it.each([
    ["encoded", "Content-Type: application/sdp\nContent-Encoding: gzip", "v=0\n", 0],
    ["encrypted", "Content-Type: application/pkcs7-mime", "v=0\n", 0],
    [
      "signed",
      "Content-Type: multipart/signed;boundary=a",
      "--a\nContent-Type: application/sdp\n\nv=0\n--a--",
      1,
    ],
    [
      "encoded",
      "Content-Type: multipart/mixed;boundary=a",
      "--a\nContent-Type: application/sdp\nContent-Transfer-Encoding: base64\n\ndj0w\n--a--",
      0,
    ],
  ])("cannot be edited where it is %s: %s", (sealed, fields, content, count) => {
    expect(body(fields, content)).toMatchObject({ sealed });
    expect(body(fields, content).sdp).toHaveLength(count);
  });

  it("of multipart bodies inside each other is read to a fixed depth", () => {
    const nested = Array.from(
      { length: 500 },
      (_, depth) => `--b${depth}\nContent-Type: multipart/mixed;boundary=b${depth + 1}\n\n`,
    );
    expect(body("Content-Type: multipart/mixed;boundary=b0", nested.join("")).texts).toEqual([]);
  });
});
