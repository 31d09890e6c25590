import { describe, expect, it } from "vitest";
import type { FlowEnds } from "../../src/translate/mapping.ts";
import { flow, inbound, inboundText, outbound, outboundText, portTable } from "./exchange.ts";

const TABLE = { 5060: 1024, 5062: 1026, 443: 1028 };

/** A request with these fields; every message has them in CRLF. */
function request(method: string, ...fields: readonly string[]): string {
  return `${[
    `${method} sip:bob@example.net SIP/2.0`,
    "Via: SIP/2.0/UDP 192.168.50.10:5060;branch=z9hG4bK1;rport",
    "From: <sip:alice@192.168.50.10>;tag=1",
    "To: <sip:bob@example.net>",
    "Call-ID: 1@192.168.50.10",
    `CSeq: 1 ${method}`,
    ...fields,
    "Content-Length: 0",
  ].join("\r\n")}\r\n\r\n`;
}

/** A response to the request of the same method, with these fields. */
function response(status: number, method: string, via: string, ...fields: readonly string[]): string {
  return request(method, ...fields)
    .replace(/^.*/, `SIP/2.0 ${status} Reason`)
    .replace(/^Via: .*(?=\r)/m, `Via: ${via}`);
}

/** The fields a message has beside those of every request. */
function extra(text: string): string[] {
  const lines = text.trimEnd().split("\r\n");
  return lines.slice(6, -1);
}

describe("a request of a phone", () => {
  it.each([
    "REGISTER",
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "PRACK",
    "UPDATE",
    "INFO",
    "MESSAGE",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "REFER",
    "FOO",
  ])("%s shows the external address in Via and Contact, and in nothing else", (method) => {
    const text = request(
      method,
      'Contact: <sip:alice@192.168.50.10:5060;transport=udp>;+sip.instance="<urn:uuid:1>";reg-id=1',
      "User-Agent: x 192.168.50.10",
      "P-Asserted-Identity: <sip:alice@192.168.50.10>",
      'Authorization: Digest username="a",uri="sip:192.168.50.10"',
      'Remote-Party-ID: "Alice" <sip:alice@192.168.50.10>;party=calling',
      'Warning: 399 192.168.50.10 "192.168.50.10"',
      "Call-Info: <http://192.168.50.10/photo.jpg>;purpose=icon",
      "Alert-Info: <http://192.168.50.10/ring.wav>",
      'Reason: Q.850;cause=16;text="192.168.50.10"',
      "Replaces: 2@192.168.50.10;to-tag=2;from-tag=3",
      "X-Unknown: <sip:192.168.50.10:5060>",
    );
    const out = outboundText(text, portTable(TABLE));
    expect(out).toBe(
      text
        .replace("UDP 192.168.50.10:5060", "UDP 203.0.113.1:1024")
        .replace("alice@192.168.50.10:5060;t", "alice@203.0.113.1:1024;t"),
    );
  });

  it("has its Contact translated whatever port it listens on (Contact port 443)", () => {
    expect(
      extra(outboundText(request("REGISTER", "m: <sip:a@192.168.50.10:443>"), portTable(TABLE))),
    ).toEqual(["m: <sip:a@203.0.113.1:1028>"]);
  });

  it("gets a port where it wrote none and its own is not the default, and loses it on the way back", () => {
    const table = portTable(TABLE);
    const out = outboundText(request("REGISTER", "Contact: <sip:a@192.168.50.10>"), table);
    expect(extra(out)).toEqual(["Contact: <sip:a@203.0.113.1:1024>"]);
    const back = inboundText(
      response(200, "REGISTER", "SIP/2.0/UDP 203.0.113.1:1024", extra(out)[0] ?? ""),
      table,
    );
    expect(extra(back)).toEqual(["Contact: <sip:a@192.168.50.10>"]);
  });

  it("keeps a bare host bare where the default port is its own", () => {
    expect(extra(outboundText(request("REGISTER", "Contact: <sip:a@192.168.50.10>"), portTable({})))).toEqual(
      ["Contact: <sip:a@203.0.113.1>"],
    );
  });

  it("has every value of every address field translated, and those of others left", () => {
    const out = outboundText(
      request(
        "INVITE",
        'Contact: "a, <b>" <sip:a@192.168.50.10:5062>;q=0.5, <sip:a@198.51.100.7>, sip:a@192.168.50.10:5060;q=1',
        "Record-Route: <sip:192.168.50.10;lr>,<sip:proxy.example;lr>",
        "Record-Route: <sip:192.168.50.10:5062;lr>",
        "Route: <sip:192.168.50.10;lr>, <sip:198.51.100.5;lr>",
        "Path: <sip:192.168.50.10;lr;ob>",
        "Service-Route: <sip:192.168.50.10;lr>",
        "b: <sip:alice@192.168.50.10>",
      ),
      portTable(TABLE),
    );
    expect(extra(out)).toEqual([
      'Contact: "a, <b>" <sip:a@203.0.113.1:1026>;q=0.5, <sip:a@198.51.100.7>, sip:a@203.0.113.1:1024;q=1',
      "Record-Route: <sip:203.0.113.1:1024;lr>,<sip:proxy.example;lr>",
      "Record-Route: <sip:203.0.113.1:1026;lr>",
      "Route: <sip:203.0.113.1:1024;lr>, <sip:198.51.100.5;lr>",
      "Path: <sip:203.0.113.1:1024;lr;ob>",
      "Service-Route: <sip:203.0.113.1:1024;lr>",
      "b: <sip:alice@203.0.113.1:1024>",
    ]);
  });

  it("keeps the escaped Replaces of an attended transfer byte for byte (RFC 3891 §3)", () => {
    const out = outboundText(
      request(
        "REFER",
        "Refer-To: <sip:alice@192.168.50.10:5060?Replaces=1%40192.168.50.10%3Bto-tag%3D2%3Bfrom-tag%3D3>",
      ),
      portTable(TABLE),
    );
    expect(extra(out)).toEqual([
      "Refer-To: <sip:alice@203.0.113.1:1024?Replaces=1%40192.168.50.10%3Bto-tag%3D2%3Bfrom-tag%3D3>",
    ]);
  });

  it("has maddr translated in Via and URIs, and only its topmost Via", () => {
    const text = request("INVITE", "Contact: <sip:a@phone.example;maddr=192.168.50.10>").replace(
      ";rport",
      ";maddr=192.168.50.10, SIP/2.0/UDP 192.168.50.10:5062",
    );
    const out = outboundText(text, portTable({}));
    expect(out).toContain(
      "Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK1;maddr=203.0.113.1, SIP/2.0/UDP 192.168.50.10:5062\r\n",
    );
    expect(extra(out)).toEqual(["Contact: <sip:a@phone.example;maddr=203.0.113.1>"]);
  });

  it("keeps the white space inside a Via", () => {
    const text = request("INVITE").replace("UDP 192.168.50.10:5060;", "UDP  192.168.50.10 : 5060 ;");
    expect(outboundText(text, portTable(TABLE))).toContain("UDP  203.0.113.1 : 1024 ;branch");
  });

  it("passes with Contact: * , tel: and host names as they are", () => {
    for (const contact of ["*", "<tel:+491>", "<sip:a@phone.example:5060>", "<sips:a@[2001:db8::1]>"]) {
      const text = request("REGISTER", `Contact: ${contact}`).replace("192.168.50.10:5060", "phone.example");
      expect(outboundText(text, portTable(TABLE))).toBe(text);
    }
  });

  it("passes with a literal that has leading zeros as it is, which some read as octal", () => {
    const text = request("REGISTER", "Contact: <sip:a@192.168.050.010>").replace(
      "UDP 192.168.50.10",
      "UDP 192.168.050.010",
    );
    expect(outboundText(text, portTable(TABLE))).toBe(text);
  });

  it("may have no Contact and no Expires: a REGISTER that asks for the bindings", () => {
    const text = request("REGISTER");
    expect(outboundText(text, portTable(TABLE))).toBe(
      text.replace("UDP 192.168.50.10:5060", "UDP 203.0.113.1:1024"),
    );
  });

  it("keeps the GRUU and the instance of its Contact byte for byte (RFC 5627 §3, RFC 5626 §4.1)", () => {
    const table = portTable(TABLE);
    const gruu = (host: string): string =>
      `Contact: <sip:a@${host};gr=urn:uuid:1;ob>;+sip.instance="<urn:uuid:1>";reg-id=1;pub-gruu="sip:a@203.0.113.1;gr=urn:uuid:1";temp-gruu="sip:x@192.168.50.10;gr"`;
    const out = outboundText(request("REGISTER", gruu("192.168.50.10:5060")), table);
    expect(extra(out)).toEqual([gruu("203.0.113.1:1024")]);
    const back = inboundText(response(200, "REGISTER", "SIP/2.0/UDP 203.0.113.1:1024", ...extra(out)), table);
    expect(extra(back)).toEqual([gruu("192.168.50.10:5060")]);
  });

  it("is asked for with the transport its URI names, else with that of the flow", () => {
    const asked: string[] = [];
    const table = portTable(TABLE);
    const ends: FlowEnds = { ...flow, transport: "tcp" };
    const mapping = {
      ...table.outbound,
      signalling: (_host: string, port: number | undefined, transport: string, place: string) => {
        asked.push(`${place} ${port} ${transport}`);
        return undefined;
      },
    };
    const text = request(
      "INVITE",
      "Contact: <sip:a@192.168.50.10:1;transport=UDP>, <sip:a@192.168.50.10:2>, <sip:a@192.168.50.10:3;transport=tls>, <sips:a@192.168.50.10>",
    );
    expect(outbound(text, { ...table, outbound: mapping }, ends)).toMatchObject({
      kind: "translated",
      edits: [],
    });
    expect(asked).toEqual([
      "via 5060 udp",
      "contact 1 udp",
      "contact 2 tcp",
      "contact 3 tcp",
      "contact undefined tcp",
    ]);
  });

  it("passes unmodified when the mapping refuses one of its addresses", () => {
    const table = portTable(TABLE);
    const signalling = (_host: string, port: number | undefined) =>
      port === 443 ? ({ refused: "bindings-full" } as const) : { host: "203.0.113.1", port };
    const text = request("REGISTER", "Contact: <sip:a@192.168.50.10>, <sip:a@192.168.50.10:443>");
    expect(outbound(text, { ...table, outbound: { ...table.outbound, signalling } })).toEqual({
      kind: "skipped",
      reason: "bindings-full",
      detail: "contact",
    });
  });

  it.each(["Contact: <sip:a@192.168.50.10", "Record-Route: <sip:192.168.50.10:x>", "Refer-To: sip:a@b?x=y"])(
    "passes unmodified when %s cannot be read",
    (field) => {
      expect(outbound(request("INVITE", field), portTable(TABLE))).toEqual({
        kind: "skipped",
        reason: "malformed-header",
        detail: field.slice(0, field.indexOf(":")),
      });
    },
  );
});

describe("a response to a phone", () => {
  it("comes back to the Via the phone wrote, with received and rport as if there were no NAT", () => {
    const text = response(
      200,
      "REGISTER",
      "SIP/2.0/UDP 203.0.113.1:1024;branch=z;received=203.0.113.1;rport=1024",
    );
    expect(inboundText(text, portTable(TABLE))).toContain(
      "Via: SIP/2.0/UDP 192.168.50.10:5060;branch=z;received=192.168.50.10;rport=5060\r\n",
    );
  });

  it("keeps the received and rport of someone else", () => {
    const via = "SIP/2.0/UDP phone.example;received=198.51.100.9;rport=1024";
    expect(inboundText(response(200, "REGISTER", via), portTable(TABLE))).toContain(`Via: ${via}\r\n`);
  });

  it("echoes every Contact, Path and Service-Route as the phone wrote it, and keeps the other bindings", () => {
    const text = response(
      200,
      "REGISTER",
      "SIP/2.0/UDP 203.0.113.1:1024",
      "Contact: <sip:a@203.0.113.1:1024>;expires=60, <sip:a@203.0.113.1:1026>;expires=30, <sip:a@198.51.100.99>;expires=9",
      "Path: <sip:203.0.113.1:1024;lr>",
      "Service-Route: <sip:proxy.example;lr>",
    );
    expect(extra(inboundText(text, portTable(TABLE)))).toEqual([
      "Contact: <sip:a@192.168.50.10:5060>;expires=60, <sip:a@192.168.50.10:5062>;expires=30, <sip:a@198.51.100.99>;expires=9",
      "Path: <sip:192.168.50.10:5060;lr>",
      "Service-Route: <sip:proxy.example;lr>",
    ]);
  });
});

describe("a request to a phone", () => {
  it("is for the Contact the phone registered, by the Via and Contact of the sender", () => {
    const text = request("INVITE", "Contact: <sip:bob@198.51.100.5>", "Route: <sip:203.0.113.1:1024;lr>")
      .replace("sip:bob@example.net SIP", "sip:alice@203.0.113.1:1024;ob SIP")
      .replaceAll("192.168.50.10", "198.51.100.5");
    const back = inboundText(text, portTable(TABLE));
    expect(back).toBe(text.replaceAll("203.0.113.1:1024", "192.168.50.10:5060"));
  });

  it("is for the account it names, where a phone has several on one port", () => {
    const table = portTable(TABLE);
    for (const user of ["alice", "bob"]) {
      const contact = (at: string): string => `Contact: <sip:${user}@${at}>`;
      const registered = outboundText(request("REGISTER", contact("192.168.50.10:5060")), table);
      expect(extra(registered)).toEqual([contact("203.0.113.1:1024")]);
      const text = request("INVITE").replace("sip:bob@example.net SIP", `sip:${user}@203.0.113.1:1024 SIP`);
      expect(inboundText(text, table)).toContain(`INVITE sip:${user}@192.168.50.10:5060 SIP/2.0\r\n`);
    }
  });

  it("keeps a Request-URI of another host, of another scheme and of a port that is not ours", () => {
    const table = portTable(TABLE);
    const signalling = (): undefined => undefined;
    for (const uri of ["sip:a@example.net", "tel:+491", "sip:a@203.0.113.1:9"]) {
      const text = request("INVITE")
        .replace("sip:bob@example.net SIP", `${uri} SIP`)
        .replace("192.168.50.10:", "192.0.2.1:");
      expect(inboundText(text, { ...table, inbound: { ...table.inbound, signalling } })).toBe(text);
    }
  });

  it("is answered with the sender's Via as it came", () => {
    const text = response(
      200,
      "INVITE",
      "SIP/2.0/UDP 198.51.100.5;received=198.51.100.5",
      "Contact: <sip:a@192.168.50.10:5060>",
    );
    const out = outboundText(text, portTable(TABLE));
    expect(out).toBe(text.replace("<sip:a@192.168.50.10:5060>", "<sip:a@203.0.113.1:1024>"));
  });
});

describe("a message over IPv6 that is translated", () => {
  const ends: FlowEnds = {
    inside: { host: "fd00:50::a", port: 5060 },
    outside: { host: "2001:db8:113::1", port: 1024 },
    remote: { host: "2001:db8:113::5", port: 5060 },
    transport: "udp",
  };
  const sdp = "v=0\r\no=- 1 1 IN IP6 fd00:50::a\r\nc=IN IP6 FD00:50:0::A\r\nm=audio 4000 RTP/AVP 0\r\n";
  const translated =
    "v=0\r\no=- 1 1 IN IP6 2001:db8:113::1\r\nc=IN IP6 2001:db8:113::1\r\nm=audio 4000 RTP/AVP 0\r\n";
  const table = portTable({ 5060: 1024 }, ends);

  it("has its addresses in brackets where URIs and Via have them, and without in its SDP", () => {
    const text = request(
      "INVITE",
      "Contact: <sip:a@[FD00:50::A];maddr=[fd00:50::a]>",
      "Content-Type: application/sdp",
    )
      .replace("192.168.50.10:5060", "[fd00:50::a]")
      .replace("Length: 0", `Length: ${sdp.length}`);
    const sent = outboundText(text + sdp, table, ends);
    expect(sent).toContain("Via: SIP/2.0/UDP [2001:db8:113::1]:1024;");
    expect(sent).toContain("Contact: <sip:a@[2001:db8:113::1]:1024;maddr=[2001:db8:113::1]>");
    expect(sent).toContain(`Content-Length: ${translated.length}`);
    expect(sent.endsWith(`\r\n\r\n${translated}`)).toBe(true);
  });

  it.each(["fd00:50:0:0:0:0:0:a", "FD00:50::A", "fd00:0050::0.0.0.10"])(
    "has no inside address left, written as %s",
    (own) => {
      const body = `v=0\r\nc=IN IP6 ${own}\r\nm=message 4000 TCP/MSRP *\r\na=path:msrp://[${own}]:4000/x;tcp\r\na=candidate:1 1 TCP 9 ${own} 4000 typ host tcptype passive\r\n`;
      const text = request(
        "INVITE",
        `Contact: <sip:a@[${own}]:5060;maddr=[${own}]>`,
        "Content-Type: application/sdp",
      )
        .replace("192.168.50.10:5060", `[${own}]:5060;maddr=[${own}]`)
        .replace("Length: 0", `Length: ${body.length}`);
      const sent = outboundText(text + body, portTable({ 5060: 1024, 4000: 5000 }, ends), ends);
      expect(sent).not.toContain(own);
      expect(sent).toContain("Via: SIP/2.0/UDP [2001:db8:113::1]:1024;maddr=[2001:db8:113::1];");
      expect(sent).toContain("Contact: <sip:a@[2001:db8:113::1]:1024;maddr=[2001:db8:113::1]>");
      expect(sent).toContain("a=path:msrp://[2001:db8:113::1]:5000/x;tcp\r\n");
      expect(sent).toContain("TCP 9 2001:db8:113::1 5000 typ host");
    },
  );

  it.each(["2001:db8:113:0:0:0:0:1", "2001:DB8:113::1", "2001:db8:113::0.0.0.1"])(
    "reaches the phone when a proxy writes our address as %s",
    (ours) => {
      const text = request("OPTIONS").replace("sip:bob@example.net SIP", `sip:a@[${ours}]:1024 SIP`);
      expect(inboundText(text, portTable({ 5060: 1024 }, ends), ends)).toContain(
        "OPTIONS sip:a@[fd00:50::a]:5060 SIP/2.0\r\n",
      );
      const via = `SIP/2.0/UDP [${ours}]:1024;branch=z9;received=${ours};rport=1024`;
      expect(inboundText(response(200, "OPTIONS", via), portTable({ 5060: 1024 }, ends), ends)).toContain(
        "Via: SIP/2.0/UDP [fd00:50::a]:5060;branch=z9;received=fd00:50::a;rport=5060\r\n",
      );
    },
  );

  it("comes back as the phone wrote it, and a received without brackets has none", () => {
    const via = "Via: SIP/2.0/UDP [2001:db8:113::1]:1024;branch=z9;received=2001:db8:113::1;rport=1024";
    const text = `SIP/2.0 200 OK\r\n${via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
    const plain = portTable({ 5060: 1024 }, ends);
    expect(inboundText(text, plain, ends)).toContain(
      "Via: SIP/2.0/UDP [fd00:50::a]:5060;branch=z9;received=fd00:50::a;rport=5060",
    );
  });
});

describe("a message over IPv6", () => {
  it("is not edited, and its media are reported", () => {
    const end = (host: string, port: number): FlowEnds["inside"] => ({ host, port });
    const ends: FlowEnds = {
      inside: end("2001:db8::10", 5060),
      outside: end("2001:db8::10", 5060),
      remote: end("2001:db8:f::5", 5060),
      transport: "udp",
    };
    const sdp = "v=0\r\nc=IN IP6 2001:db8::10\r\nm=audio 4000 RTP/AVP 0\r\n";
    const text = request("INVITE", "Contact: <sip:a@[2001:db8::10]:5060>", "Content-Type: application/sdp")
      .replace("192.168.50.10:5060", "[2001:db8::10]:5060")
      .replace("Length: 0", `Length: ${sdp.length}`);
    const table = portTable({}, ends);
    expect(outbound(text + sdp, table, ends)).toMatchObject({
      kind: "translated",
      edits: [],
      media: [{ line: { host: "2001:db8::10", port: 4000 } }],
    });
    expect(inbound(text + sdp, table, ends)).toMatchObject({ kind: "translated", edits: [] });
  });
});
