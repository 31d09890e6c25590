import { describe, expect, it } from "vitest";
import { scanUri } from "../../src/sip/uri.ts";

function read(text: string): object | string | undefined {
  const uri = scanUri(text, 0, text.length);
  if (uri === undefined || uri.kind === "other") return uri?.kind;
  return {
    host: text.slice(uri.hostStart, uri.hostEnd),
    port: uri.port,
    parameters: text.slice(uri.parametersStart, uri.parametersEnd),
    headers: text.slice(uri.parametersEnd, uri.end),
  };
}

const PLAIN = { port: undefined, parameters: "", headers: "" };

describe("a URI", () => {
  it.each([
    ["sip:192.0.2.1", { ...PLAIN, host: "192.0.2.1" }],
    ["SIPS:a:secret@192.0.2.1:5061", { ...PLAIN, host: "192.0.2.1", port: 5061 }],
    ["sip:a;b=1?c/d@example.net;lr", { ...PLAIN, host: "example.net", parameters: ";lr" }],
    ["sip:a@[2001:db8::1]:5070;x", { ...PLAIN, host: "[2001:db8::1]", port: 5070, parameters: ";x" }],
    ["sip:[2001:db8::10:5070]", { ...PLAIN, host: "[2001:db8::10:5070]" }],
    ["sip:a@x@192.0.2.1:6333", { ...PLAIN, host: "192.0.2.1", port: 6333 }],
    [
      "sip:b@192.0.2.1?Replaces=1%40x%3Bto-tag=2",
      { ...PLAIN, host: "192.0.2.1", headers: "?Replaces=1%40x%3Bto-tag=2" },
    ],
    ["tel:+49-30-1", "other"],
    ["urn:service:sos", "other"],
  ])("%s", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    "",
    "192.0.2.1",
    "sip:",
    "sip:a@",
    "sip:2001:db8::10",
    "sip:[::1",
    "sip:a:99999@",
    "sip:a@b:99999",
    "sip:a@b:1x",
    "sip:a@b c",
  ])("%j is malformed", (text) => {
    expect(read(text)).toBeUndefined();
  });
});
