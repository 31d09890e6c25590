import { describe, expect, it } from "vitest";
import { contacts, longestExpiry } from "../../src/sip/contact.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scanNameAddress } from "../../src/sip/name-address.ts";
import { scan } from "../../src/sip/scan.ts";

/** The URIs of a field's values, up to the first malformed one. */
function uris(text: string): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  let at = 0;
  while (at < text.length) {
    const value = scanNameAddress(text, at, text.length);
    if (value === undefined) return [...found, undefined];
    found.push(text.slice(value.uriStart, value.uriEnd));
    at = value.end + 1;
  }
  return found;
}

describe("an address in a field", () => {
  it.each([
    ["<sip:a@192.0.2.1>", ["sip:a@192.0.2.1"]],
    ["sip:a@192.0.2.1;tag=1", ["sip:a@192.0.2.1"]],
    ["A Name <sip:a@b>;q=0.1, sip:c@d", ["sip:a@b", "sip:c@d"]],
    [
      '"x\\", <sip:no@no>" <sip:a@b;p=1,2?h=3>;+sip.instance="<urn:uuid:1,2>",<sip:c@d>',
      ["sip:a@b;p=1,2?h=3", "sip:c@d"],
    ],
    ["<tel:+491>", ["tel:+491"]],
  ])("%s", (text, expected) => {
    expect(uris(text)).toEqual(expected);
  });

  it.each([
    ['"open <sip:a@b>', "a quoted string that never ends"],
    ["Bell, Alexander <sip:a@b>", "a comma in a bare display name"],
    ["< sip:a@b >", "blanks inside the angles"],
    ["<sip:a@b", "an angle that never closes"],
    ["<>", "nothing in the angles"],
    ["sip:a@b?Route=x", "headers in a bare URI"],
    ["<sip:a@b> c", "text behind the angles"],
  ])("%j is malformed: %s", (text) => {
    expect(uris(text)[0]).toBeUndefined();
  });
});

describe("a display name in UTF-8 without quotes, as phones write it", () => {
  it("does not keep the address behind it from being read", () => {
    const text = Buffer.from("Jos\u00e9 <sip:jose@192.168.50.10>;tag=1", "utf8").toString("latin1");
    const address = scanNameAddress(text, 0, text.length);
    expect(address && text.slice(address.uriStart, address.uriEnd)).toBe("sip:jose@192.168.50.10");
  });
});

describe("the Contacts of a REGISTER", () => {
  function register(lines: string): SipMessage {
    const result = scan(
      `REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@r>;tag=1\r\nTo: <sip:a@r>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n${lines}\r\n`,
    );
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    return result.message;
  }

  it("are all values of all its Contact fields, each with its own expires", () => {
    const text =
      "Contact: <sip:a@192.0.2.1:5062;transport=tcp>;expires=60, <sip:a@[2001:db8::1]>\r\nm: <tel:+491>;expires=x\r\n";
    expect([...contacts(register(text))]).toMatchObject([
      { kind: "address", host: "192.0.2.1", port: 5062, transport: "tcp", expires: 60 },
      { kind: "address", host: "[2001:db8::1]", port: undefined, transport: undefined, expires: undefined },
      { kind: "address", host: "", port: undefined, expires: 3600 },
    ]);
  });

  it("ask for the longest of their expiries, the fallback being that of one without", () => {
    const fields =
      "Contact: <sip:a@192.0.2.1>;expires=60, <tel:+491>\r\nm: <sip:b@192.0.2.1>;expires=120, <sip:c\r\n";
    expect(longestExpiry(register(fields), 30)).toBe(120);
    expect(longestExpiry(register(fields), 3600)).toBe(3600);
    expect(longestExpiry(register("Contact: *\r\nContact: <sip:a@b>;expires=0\r\n"), 30)).toBe(0);
    expect(longestExpiry(register("Contact: *\r\n"), 30)).toBeUndefined();
  });

  it("may be the star of an un-REGISTER, or none in a query", () => {
    expect([...contacts(register("Contact: *\r\n"))]).toEqual([{ kind: "star" }]);
    expect([...contacts(register(""))]).toEqual([]);
  });
});
