import { describe, expect, it } from "vitest";
import { scan } from "../../src/sip/scan.ts";
import { translateInbound } from "../../src/translate/inbound.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { splice } from "../../src/translate/splice.ts";
import { crlf, flow, inboundText, outboundText, portTable } from "./exchange.ts";

describe("a message out of a phone", () => {
  it("an INVITE shows the external address wherever the other side would send to", () => {
    const invite = crlf(`INVITE sip:bob@example.net SIP/2.0
Via: SIP/2.0/UDP 192.168.50.10:5060;branch=z9hG4bK1;rport
Max-Forwards: 70
Record-Route: <sip:192.168.50.10;lr>
From: <sip:alice@192.168.50.10>;tag=1
To: <sip:bob@example.net>
Call-ID: 1@192.168.50.10
CSeq: 1 INVITE
Contact: <sip:alice@192.168.50.10:5060;transport=udp>
Content-Type: application/sdp
Content-Length: 175

v=0
o=alice 1 1 IN IP4 192.168.50.10
s=-
c=IN IP4 192.168.50.10
t=0 0
m=audio 4000 RTP/AVP 0
a=rtcp:4001 IN IP4 192.168.50.10
m=video 4002 RTP/AVP 31
a=rtpmap:31 H261/9000
`);
    const out = outboundText(invite, portTable({ 5060: 1024, 4000: 30000, 4001: 30001, 4002: 30002 }));
    expect(out).toBe(
      crlf(`INVITE sip:bob@example.net SIP/2.0
Via: SIP/2.0/UDP 203.0.113.1:1024;branch=z9hG4bK1;rport
Max-Forwards: 70
Record-Route: <sip:203.0.113.1:1024;lr>
From: <sip:alice@192.168.50.10>;tag=1
To: <sip:bob@example.net>
Call-ID: 1@192.168.50.10
CSeq: 1 INVITE
Contact: <sip:alice@203.0.113.1:1024;transport=udp>
Content-Type: application/sdp
Content-Length: 172

v=0
o=alice 1 1 IN IP4 203.0.113.1
s=-
c=IN IP4 203.0.113.1
t=0 0
m=audio 30000 RTP/AVP 0
a=rtcp:30001 IN IP4 203.0.113.1
m=video 30002 RTP/AVP 31
a=rtpmap:31 H261/9000
`),
    );
    expect(inboundText(out, portTable({ 5060: 1024, 4000: 30000, 4001: 30001, 4002: 30002 }))).not.toContain(
      "203.0.113.1;lr",
    );
  });

  it("a 200 to REGISTER comes back with the Contact that the phone wrote", () => {
    const ok = crlf(`SIP/2.0 200 OK
Via: SIP/2.0/UDP 203.0.113.1:1024;branch=z9hG4bK1;received=203.0.113.1;rport=1024
From: <sip:alice@example.net>;tag=1
To: <sip:alice@example.net>;tag=2
Call-ID: 1
CSeq: 1 REGISTER
Contact: <sip:alice@203.0.113.1:1024>;expires=60
Content-Length: 0

`);
    const result = scan(ok);
    if (result.kind !== "message") throw new Error(result.kind);
    const table = portTable({ 5060: 1024 });
    const translation = translateInbound(result.message, flow, table.inbound);
    expect(translation).toMatchObject({ kind: "translated", media: [] });
    if (translation.kind !== "translated") return;
    expect(splice(ok, translation.edits)).toBe(
      crlf(`SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.168.50.10:5060;branch=z9hG4bK1;received=192.168.50.10;rport=5060
From: <sip:alice@example.net>;tag=1
To: <sip:alice@example.net>;tag=2
Call-ID: 1
CSeq: 1 REGISTER
Contact: <sip:alice@192.168.50.10:5060>;expires=60
Content-Length: 0

`),
    );
    expect(translateOutbound(result.message, flow, table.outbound)).toMatchObject({ edits: [] });
  });
});
