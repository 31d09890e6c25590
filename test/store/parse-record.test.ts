import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRecord } from "../../src/store/parse-record.ts";
import { binding, call } from "./records.ts";

describe("parseRecord", () => {
  it("gives back a binding and a call as they were", () => {
    for (const record of [binding(3), call("abc@example.net")]) {
      expect(parseRecord(JSON.stringify(record))).toStrictEqual({ ok: true, record });
    }
  });

  it("leaves out what a record has beyond its fields", () => {
    const text = JSON.stringify({ ...binding(3), later: 1 });
    expect(parseRecord(text)).toStrictEqual({ ok: true, record: binding(3) });
  });

  const faults: readonly (readonly [string, object, string])[] = [
    ["a kind there is not", { ...binding(1), kind: "constructor" }, "kind: has none of its values"],
    [
      "a host name for an address",
      { ...binding(1), inside: { host: "phone", port: 1 } },
      "inside: is not an IP address",
    ],
    [
      "an address in another form",
      { ...binding(1), remotes: ["2001:DB8::5"] },
      "remotes: is not an IP address",
    ],
    ["an external port 0", { ...binding(1), port: 0 }, "port: is not a whole number of 1 to 65535"],
    ["a time that is not one", { ...binding(1), spokeAt: null }, "spokeAt: is not a number from 0 up"],
    ["a field that is missing", { ...call("1"), streams: undefined }, "streams: is not a list"],
    [
      "a line of a stream that is not there",
      { ...call("1"), lines: [["t", [2]]] },
      "lines: is not a whole number of 0 to 1",
    ],
    ["a tag without its lines", { ...call("1"), lines: [["t"]] }, "lines: is not a list by tag"],
  ];
  it.each(faults)("says what is wrong with %s", (_, record, reason) => {
    expect(parseRecord(JSON.stringify(record))).toStrictEqual({ ok: false, reason });
  });

  it("takes any text at all without throwing", () => {
    const whole = JSON.stringify(call("abc"));
    const damaged = fc.tuple(fc.nat(whole.length), fc.string()).map(([at, by]) => whole.slice(0, at) + by);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), damaged), (text) => {
        const parsed = parseRecord(text);
        if (parsed.ok) expect(parseRecord(JSON.stringify(parsed.record))).toStrictEqual(parsed);
        else expect(parsed.reason).toMatch(/^\w+: /);
      }),
    );
  });
});
