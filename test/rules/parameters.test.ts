import { describe, expect, test } from "vitest";
import {
  checkParameters,
  parseInterface,
  parsePortRange,
  parseQueue,
  parseTransport,
} from "../../src/rules/parameters.ts";
import { RulesError } from "../../src/rules/rules-error.ts";

describe("an interface name", () => {
  test.each(["lan0", "eth0.100", "br-lan", "ppp_1", "fifteen-letters"])("%s is one", (name) => {
    expect(parseInterface(name)).toBe(name);
  });

  test.each([
    "",
    "lan+",
    "lan*",
    "a b",
    "a/b",
    "a:b",
    'a"b',
    "lan0,lan1",
    ".",
    "..",
    "-i",
    "sixteen-letters-",
  ])("%j is none", (name) => {
    expect(() => parseInterface(name)).toThrow(RulesError);
  });
});

describe("a queue number", () => {
  test.each([
    ["0", 0],
    ["65535", 65535],
  ])("%s is one", (text, queue) => expect(parseQueue(text)).toBe(queue));

  test.each(["", "-1", "65536", "1e3", "0x1", "1.5", "7;"])("%j is none", (text) => {
    expect(() => parseQueue(text)).toThrow(`"${text}" is not a queue number`);
  });
});

describe("a port range", () => {
  test("may be one port", () => expect(parsePortRange("5060")).toEqual({ first: 5060, last: 5060 }));

  test("has both its ends", () => expect(parsePortRange("1-65535")).toEqual({ first: 1, last: 65535 }));

  test.each(["", "-", "0-10", "1-65536", "5060:5070", "1-2-3", "a-b"])("%j is none", (text) => {
    expect(() => parsePortRange(text)).toThrow(`"${text}" is not a port range`);
  });

  test("runs upward", () => expect(() => parsePortRange("9-5")).toThrow("put the smaller port first, 5-9"));
});

test("only udp and tcp are queued", () => {
  expect([parseTransport("udp"), parseTransport("tcp")]).toEqual(["udp", "tcp"]);
  expect(() => parseTransport("tls")).toThrow('"tls" is not a transport');
});

test("a name given twice makes one set of rules", () => {
  const checked = checkParameters({
    inside: ["lan0", "lan0"],
    outside: ["wan0"],
    transports: ["udp", "udp"],
    queue: 0,
    signallingPorts: { first: 5060, last: 9999 },
  });
  expect([checked.inside, checked.transports]).toEqual([["lan0"], ["udp"]]);
});
