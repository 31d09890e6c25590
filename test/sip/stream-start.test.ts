import { describe, expect, it } from "vitest";
import { beginsMessage, mayBeginSip } from "../../src/sip/stream-start.ts";

describe("mayBeginSip", () => {
  it.each([
    "",
    "\r\n\r\n",
    "I",
    "INVITE",
    "INVITE ",
    "INVITE sip:alice@example.com SIP/2.0\r\n",
    "\r\nREGISTER tel:1 SIP/2.0",
    "SIP/2.0 200 OK",
  ])("lets %j wait for more", (text) => expect(mayBeginSip(text)).toBe(true));

  it.each([
    "\x16\x03\x01\x02",
    "POST / HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    " INVITE sip:alice@example.com SIP/2.0",
    "INVITE  sip:alice@example.com SIP/2.0",
    "\0\x01\0\x08",
    "A".repeat(33),
  ])("knows %j for something else", (text) => expect(mayBeginSip(text)).toBe(false));
});

describe("beginsMessage", () => {
  it.each([
    "SIP/2.0 200 OK\r\n",
    "\r\n\r\nOPTIONS sip:a@example.com SIP/2.0\nVia: ",
    "ACK sip:b SIP/2.0\r\n",
  ])("knows %j for the beginning of a message", (text) => expect(beginsMessage(text)).toBe(true));

  it.each([
    "",
    "\r\n",
    "Via: SIP/2.0/TCP 10.0.0.1\r\n",
    "INVITE sip:a@example.com SIP/2.0",
    "v=0\r\nSIP/2.0 200 OK\r\n",
  ])("does not take %j for one", (text) => expect(beginsMessage(text)).toBe(false));
});
