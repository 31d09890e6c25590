/** An OPTIONS request as a phone at `from` writes it, its own address in Via and Contact. */
export function optionsRequest(
  from: readonly [host: string, port: number],
  to: readonly [host: string, port: number],
): Buffer {
  const lines = [
    `OPTIONS sip:service@${to[0]}:${to[1]} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from[0]}:${from[1]};branch=z9hG4bKhjhs8ass877;rport`,
    "Max-Forwards: 70",
    "From: <sip:alice@example.com>;tag=1928301774",
    `To: <sip:service@${to[0]}>`,
    "Call-ID: a84b4c76e66710@example.com",
    "CSeq: 63104 OPTIONS",
    `Contact: <sip:alice@${from[0]}:${from[1]}>`,
    "Content-Length: 0",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
