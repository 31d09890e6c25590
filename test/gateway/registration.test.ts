import { beforeEach, describe, expect, it } from "vitest";
import type { GatewayContext } from "../../src/gateway/context.ts";
import { externalAddress, outsideOf } from "../../src/gateway/external-address.ts";
import { noteRegister, noteRegistration } from "../../src/gateway/registration.ts";
import { addressOf, endpointKey } from "../../src/packet/address.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scan } from "../../src/sip/scan.ts";
import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import type { Flow } from "../../src/table/flows.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";

const PHONE = "192.168.50.10";
const OUTSIDE = "203.0.113.1";
const REGISTRAR = "203.0.113.2";
const NOW = 1_000_000;
const WEEK = 7 * 24 * 3600;

describe("a registration", () => {
  let context: Pick<GatewayContext, "bindings" | "now">;
  let phone: Binding;

  function listener(host: string, port: number, transport: "udp" | "tcp" = "udp"): Binding {
    const made = context.bindings[transport].create(endpointKey(addressOf(host), port), { host, port }, NOW);
    if (typeof made === "string") throw new Error(made);
    return made;
  }

  function message(start: string, lines: readonly string[], user = "alice"): SipMessage {
    const fixed = `Via: SIP/2.0/UDP a\r\nFrom: <sip:a@r>;tag=1\r\nTo: <sip:${user}@r>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER`;
    const result = scan([start, fixed, ...lines, "", ""].join("\r\n"));
    if (result.kind !== "message") throw new Error(JSON.stringify(result));
    return result.message;
  }

  /** The phone registers as `user`, and is answered. */
  function ask(lines: readonly string[], registrar = REGISTRAR): void {
    noteRegister(phone.host, addressOf(registrar), message("REGISTER sip:r SIP/2.0", lines));
  }

  function answer(
    lines: readonly string[],
    { status = "200 OK", registrar = REGISTRAR, user = "alice" } = {},
  ): void {
    const ends: Flow["ends"] = {
      inside: phone.inside,
      outside: outsideOf(phone.host, phone.inside, phone.port, externalAddress(OUTSIDE, undefined)),
      remote: { host: registrar, port: 5060 },
      transport: "udp",
    };
    const flow: Flow = { ends, pinhole: false, verifiedAt: undefined, routing: 0 };
    noteRegistration(context, phone, flow, message(`SIP/2.0 ${status}`, lines, user));
  }

  function contact(binding: Binding, parameters = "", host = OUTSIDE): string {
    return `Contact: <sip:alice@${host}:${binding.port}>${parameters}`;
  }

  /** Seconds for which a binding is registered from now on. */
  function granted(binding = phone): number {
    return Math.max(binding.registeredUntil - context.now, 0) / 1000;
  }

  beforeEach(() => {
    const wheel = new TimerWheel(NOW);
    const hosts = new InsideHosts();
    const table = (transport: "udp" | "tcp"): Bindings => {
      const pool = new PortPool(1, { first: 6000, last: 6099 }, () => false, true);
      return new Bindings(transport, pool, hosts, wheel, 100, 600_000, {
        changed: () => undefined,
        closed: () => undefined,
      });
    };
    context = { bindings: { udp: table("udp"), tcp: table("tcp") }, now: NOW };
    phone = listener(PHONE, 5060);
    ask(["Contact: <sip:alice@a>", "Expires: 600"]);
  });

  it.each([
    ["the Contact's own expires", ";expires=60", ["Expires: 90"], 60],
    ["the answer's Expires where the Contact has none", "", ["Expires: 90"], 90],
    ["what was asked for where the answer says nothing", "", [], 600],
    ["an hour where the Contact's is malformed", ";expires=soon", ["Expires: 90"], 3600],
    ["at most a week", ";expires=99999999999", [], WEEK],
  ])("lasts for %s", (_what, parameters, lines, seconds) => {
    answer([contact(phone, parameters), ...lines]);
    expect(granted()).toBe(seconds);
  });

  it("of an IPv6 phone names the phone itself, in whatever form, and no other of the same port", () => {
    phone = listener("2001:db8::a", 5062);
    const other = listener("2001:db8::b", 5062);
    ask(["Contact: <sip:alice@[2001:db8::a]:5062>"]);
    answer([
      "Contact: <sip:alice@[2001:DB8:0::A]:5062>;expires=300",
      "Contact: <sip:alice@[2001:db8::b]:5062>;expires=300",
    ]);
    expect([granted(phone), granted(other)]).toEqual([300, 0]);
  });

  it("lasts for an hour where neither side says anything", () => {
    ask(["Contact: <sip:alice@a>"]);
    answer([contact(phone)]);
    expect(granted()).toBe(3600);
  });

  it("lasts for what a Contact asked for itself where the answer says nothing", () => {
    ask(["Contact: <sip:alice@a>;expires=30", "Expires: 600"]);
    answer([contact(phone)]);
    expect(granted()).toBe(30);
  });

  it.each(["100 Trying", "301 Moved", "401 Unauthorized", "407 Proxy", "423 Interval Too Brief", "503 No"])(
    "is not changed by %s",
    (status) => {
      answer([contact(phone, ";expires=60")]);
      answer([contact(phone, ";expires=900")], { status });
      answer([], { status });
      expect(granted()).toBe(60);
    },
  );

  it("ends when it is granted no more, and when the answer does not list it", () => {
    for (const lines of [[contact(phone, ";expires=0")], []]) {
      answer([contact(phone, ";expires=60")]);
      answer(lines);
      expect(granted()).toBe(0);
    }
  });

  it("is one of several of the same inside host, each with its own expiry", () => {
    const other = listener(PHONE, 5070);
    const overTcp = listener(PHONE, 5060, "tcp");
    const tcp = `Contact: <sip:alice@${OUTSIDE}:${overTcp.port};transport=tcp>;expires=30`;
    answer([`${contact(phone, ";expires=60")}, <sip:alice@${OUTSIDE}:${other.port}>;expires=90`, tcp]);
    expect([granted(), granted(other), granted(overTcp)]).toEqual([60, 90, 30]);
    answer([contact(phone, ";expires=60")]);
    expect([granted(), granted(other), granted(overTcp)]).toEqual([60, 0, 0]);
  });

  it("lasts for the longest of two Contacts at one port", () => {
    answer([contact(phone, ";expires=60"), contact(phone, ";expires=5")]);
    expect(granted()).toBe(60);
  });

  it("of one address-of-record leaves that of another as it is", () => {
    answer([contact(phone, ";expires=60")], { user: "alice" });
    answer([contact(phone, ";expires=50")], { user: "bob" });
    answer([], { user: "alice" });
    expect(granted()).toBe(50);
  });

  it("at one registrar leaves that at another as it is", () => {
    ask([], "203.0.113.4");
    answer([contact(phone, ";expires=60")]);
    answer([], { registrar: "203.0.113.4" });
    expect(granted()).toBe(60);
  });

  it("is granted only by a host that was asked for it", () => {
    phone.host.spokeTo(addressOf("203.0.113.9"));
    answer([contact(phone, ";expires=60")], { registrar: "203.0.113.9" });
    expect(granted()).toBe(0);
  });

  it("never reaches the binding of another inside host, nor an address that is not ours", () => {
    const stranger = listener("192.168.50.11", 5060);
    answer([contact(stranger, ";expires=60"), contact(phone, ";expires=60", "198.51.100.1")]);
    expect([granted(stranger), granted()]).toEqual([0, 0]);
  });

  it("names the phone's own address where its provider sees to the NAT", () => {
    answer([`Contact: <sip:alice@${PHONE}>;expires=60`]);
    expect(granted()).toBe(60);
  });
});
