import { crlf } from "../translate/exchange.ts";

/** The ends of the calls that captures are made of. */
export const PHONE = "192.168.50.10";
export const PROVIDER = "198.51.100.5";
export const EXTERNAL = "203.0.113.1";

/** A session description of one audio stream. */
export function sdp(host: string, port: number): string {
  return crlf(`v=0
o=- 1 1 IN IP4 ${host}
s=-
c=IN IP4 ${host}
t=0 0
m=audio ${port} RTP/AVP 0
`);
}

/** A message of call-1 from or to the phone; a response names the external address in `received`. */
export function message(startLine: string, cseq: string, more: readonly string[], body = ""): string {
  const type = body === "" ? [] : ["Content-Type: application/sdp"];
  const lines = [
    startLine,
    `Via: SIP/2.0/UDP ${PHONE}:5060;branch=z9hG4bK1${startLine.startsWith("SIP") ? `;received=${EXTERNAL}` : ""}`,
    "From: <sip:a@example.net>;tag=1",
    `To: <sip:b@example.net>${startLine.startsWith("SIP") ? ";tag=2" : ""}`,
    "Call-ID: call-1",
    `CSeq: ${cseq}`,
    ...more,
    ...type,
    `Content-Length: ${body.length}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
