import { describe, expect, it } from "vitest";
import { addressOfRecord } from "../../src/sip/address-of-record.ts";
import { scan } from "../../src/sip/scan.ts";

function addressIn(to: string): string {
  const result = scan(
    `REGISTER sip:r SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@r>;tag=1\r\nTo: ${to}\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\r\n`,
  );
  if (result.kind !== "message") throw new Error(JSON.stringify(result));
  return addressOfRecord(result.message);
}

describe("an address-of-record", () => {
  it.each([
    ["Alice <sip:alice@example.com;user=phone>;tag=9", "sip:alice@example.com"],
    ["sip:alice@example.com:5070;tag=9", "sip:alice@example.com:5070"],
    ["<tel:+4930>", "tel:+4930"],
  ])("of To: %s is %s", (to, expected) => {
    expect(addressIn(to)).toBe(expected);
  });
});
