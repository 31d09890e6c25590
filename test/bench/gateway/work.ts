import { ipv4ToNumber, numberToIpv4 } from "../../../src/packet/ipv4.ts";

/** One UDP packet that an end of the benchmark sends; addresses as text. */
export interface Packet {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly payload: string;
}

/** A kind of traffic that is measured. */
export interface Work {
  readonly name: string;
  /** Which side sends what is counted. */
  readonly sender: "phone" | "prov";
  /** True where a packet is other work the second time: the gateway is to forget it before each measurement. */
  readonly once: boolean;
  /** Sent in turn, again and again; `ports` are the phones' external ports. */
  packets(ports: readonly number[]): readonly Packet[];
}

export const PROVIDER = "203.0.113.2";
export const EXTERNAL = "203.0.113.1";
/** The network of the phones, all on one machine behind one route. */
export const PHONES_NETWORK = "10.5.0.0/16";
const PHONES = 1000;
const FIRST_PHONE = ipv4ToNumber("10.5.0.1") ?? 0;
/** Calls told apart in one turn; as many as the gateway has calls at once. */
const CALLS = 40_000;
/** Written over with the time of sending, see sip-load.c. */
const STAMP = `X-Stamp: ${"0".repeat(16)}`;

const phones = Array.from({ length: PHONES }, (_, index) => numberToIpv4(FIRST_PHONE + index));

/** What makes the phones known to the gateway: a REGISTER of each. */
export const registrations: readonly Packet[] = phones.map((phone, index) =>
  fromPhone(phone, registration(phone, index)),
);

const options = phones.map((phone, index) => fromPhone(phone, request("OPTIONS", phone, `o${index}`, "")));

/** All kinds of traffic, in the order they are measured. */
export const WORKS: readonly Work[] = [
  { name: "REGISTER refresh", sender: "phone", once: false, packets: () => registrations },
  { name: "OPTIONS", sender: "phone", once: false, packets: () => options },
  { name: "INVITE, new call", sender: "phone", once: true, packets: () => invites(CALLS) },
  { name: "INVITE, same call", sender: "phone", once: false, packets: () => invites(PHONES) },
  { name: "INVITE, inbound", sender: "prov", once: false, packets: (ports) => ports.map(toPhone) },
  { name: "office mix", sender: "phone", once: false, packets: () => mixed() },
];

function invites(count: number): Packet[] {
  return Array.from({ length: count }, (_, index) => {
    const phone = phones[index % PHONES] ?? "";
    const port = 10_000 + 2 * Math.floor(index / PHONES);
    return fromPhone(phone, request("INVITE", phone, `c${index}`, sdp(phone, port)));
  });
}

/** Of ten messages six refresh a registration, two ask for options, and two are of calls. */
function mixed(): Packet[] {
  const calls = invites(PHONES);
  return phones.flatMap((_, index) => [
    ...take(registrations, 6 * index, 6),
    ...take(options, 2 * index, 2),
    ...take(calls, 2 * index, 2),
  ]);
}

/** The packets as sip-load.c reads them. */
export function encodePackets(packets: readonly Packet[]): Buffer {
  return Buffer.concat(
    packets.map(({ from, fromPort, to, toPort, payload }) => {
      const head = Buffer.alloc(16);
      head.writeUInt32BE(ipv4ToNumber(from) ?? 0, 0);
      head.writeUInt32BE(ipv4ToNumber(to) ?? 0, 4);
      head.writeUInt16BE(fromPort, 8);
      head.writeUInt16BE(toPort, 10);
      const text = Buffer.from(payload, "latin1");
      // Read on this machine, in its own byte order.
      new Uint32Array(head.buffer, head.byteOffset + 12, 1)[0] = text.length;
      return Buffer.concat([head, text]);
    }),
  );
}

function fromPhone(phone: string, payload: string): Packet {
  return { from: phone, fromPort: 5060, to: PROVIDER, toPort: 5060, payload };
}

function toPhone(port: number, index: number): Packet {
  const lines = [
    `INVITE sip:${1000 + index}@${EXTERNAL}:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${PROVIDER}:5060;branch=z9hG4bKin${index}`,
    "Max-Forwards: 70",
    "From: <sip:caller@example.com>;tag=in",
    `To: <sip:${1000 + index}@example.com>`,
    `Call-ID: in${index}@example.com`,
    "CSeq: 1 INVITE",
    `Contact: <sip:caller@${PROVIDER}:5060>`,
    STAMP,
  ];
  const payload = withBody(lines, sdp(PROVIDER, 20_000 + 2 * index));
  return { from: PROVIDER, fromPort: 5060, to: EXTERNAL, toPort: port, payload };
}

function registration(phone: string, index: number): string {
  const lines = [
    "REGISTER sip:example.com SIP/2.0",
    `Via: SIP/2.0/UDP ${phone}:5060;branch=z9hG4bKr${index};rport`,
    "Max-Forwards: 70",
    `From: "Phone ${index}" <sip:${1000 + index}@example.com>;tag=r${index}`,
    `To: "Phone ${index}" <sip:${1000 + index}@example.com>`,
    `Call-ID: r${index}@${phone}`,
    "CSeq: 42 REGISTER",
    `Contact: <sip:${1000 + index}@${phone}:5060;line=a7>;reg-id=1;expires=300`,
    "User-Agent: bench",
    "Supported: path, gruu, outbound",
    "Allow: INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, PRACK, MESSAGE, INFO, UPDATE",
    STAMP,
  ];
  return withBody(lines, "");
}

function request(method: string, phone: string, id: string, body: string): string {
  const lines = [
    `${method} sip:callee@${PROVIDER}:5060 SIP/2.0`,
    `Via: SIP/2.0/UDP ${phone}:5060;branch=z9hG4bK${id};rport`,
    "Max-Forwards: 70",
    `From: "Phone" <sip:phone@example.com>;tag=${id}`,
    "To: <sip:callee@example.com>",
    `Call-ID: ${id}@${phone}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:phone@${phone}:5060>`,
    "User-Agent: bench",
    "Allow: INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, PRACK, MESSAGE, INFO, UPDATE",
    STAMP,
  ];
  return withBody(lines, body);
}

function withBody(lines: readonly string[], body: string): string {
  const type = body === "" ? [] : ["Content-Type: application/sdp"];
  return [...lines, ...type, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

function sdp(host: string, port: number): string {
  const lines = [
    "v=0",
    `o=- 3724394400 3724394405 IN IP4 ${host}`,
    "s=-",
    `c=IN IP4 ${host}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 8 9 101`,
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=ptime:20",
    "a=sendrecv",
  ];
  return `${lines.join("\r\n")}\r\n`;
}

function take(packets: readonly Packet[], from: number, count: number): Packet[] {
  return Array.from({ length: count }, (_, index) => packets[(from + index) % packets.length]).filter(
    (packet) => packet !== undefined,
  );
}
