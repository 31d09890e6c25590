import { describe, expect, it } from "vitest";
import { methodAt } from "../../src/sip/method.ts";

describe("a method", () => {
  it.each([
    "ACK",
    "INVITE",
    "REGISTER",
    "SUBSCRIBE",
    "PRACK",
    "REFER",
    "OPTIONS",
    "",
    "X",
    "invite",
    "INVITED",
    "NOTIFX",
    "FROBNICATE-ALL",
    "~",
    "\xff",
  ])("is %j as it is written", (method) => {
    expect(methodAt(` ${method} `, 1, 1 + method.length)).toBe(method);
  });
});
