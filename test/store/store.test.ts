import { describe, expect, it } from "vitest";
import { bindingKey, callKey } from "../../src/store/store.ts";

const INSIDE = { host: "192.168.50.10", port: 5060 };

describe("a key", () => {
  it("tells bindings from one another by transport, host and port", () => {
    const keys = [
      bindingKey("udp", INSIDE),
      bindingKey("tcp", INSIDE),
      bindingKey("udp", { ...INSIDE, port: 5061 }),
      bindingKey("udp", { ...INSIDE, host: "2001:db8::1" }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("fits LMDB however long a Call-ID is, and still tells calls from one another", () => {
    const [one, other] = [`${"é".repeat(60_000)}1`, `${"é".repeat(60_000)}2`];
    expect(Buffer.byteLength(callKey("udp", INSIDE, one))).toBeLessThan(1978);
    expect(Buffer.byteLength(callKey("udp", INSIDE, "é".repeat(255)))).toBeLessThan(1978);
    expect(callKey("udp", INSIDE, one)).not.toBe(callKey("udp", INSIDE, other));
  });
});
