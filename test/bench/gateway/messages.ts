import { STAMP_HEADER, TURN } from "./packet-file.ts";

export const PROVIDER = "203.0.113.2";
export const EXTERNAL = "203.0.113.1";

/** One phone of the office. */
export interface Phone {
  readonly index: number;
  readonly address: string;
  /** Its port on the gateway's external address, by which the provider reaches it. */
  readonly port: number;
}

/** A dialog of a phone with the provider. */
export interface Dialog {
  readonly phone: Phone;
  readonly caller: "phone" | "provider";
  /** Its Call-ID, and a part of its tags and branches. */
  readonly id: string;
  readonly method: "INVITE" | "OPTIONS";
  /** The caller's RTP port, undefined where there is no media. */
  readonly media?: number;
}

const ALLOW = "INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, PRACK, MESSAGE, INFO, UPDATE";
const CALLEE_MEDIA = 20_000;
const provider = `${PROVIDER}:5060`;

/** The REGISTER of a phone, as it sends it. */
export function register(phone: Phone): string {
  const contact = `Contact: <sip:${phone.index}@${inside(phone)};line=a7>;reg-id=1;expires=300`;
  const more = [
    "Max-Forwards: 70",
    "User-Agent: bench",
    "Supported: path, gruu, outbound",
    `Allow: ${ALLOW}`,
  ];
  return message("REGISTER sip:example.com SIP/2.0", [
    ...registering(phone, inside(phone)),
    contact,
    ...more,
  ]);
}

/** The 200 to it, as the registrar sends it. */
export function registered(phone: Phone): string {
  const contact = `Contact: <sip:${phone.index}@${outside(phone)};line=a7>;reg-id=1;expires=300`;
  return message("SIP/2.0 200 OK", [...registering(phone, outside(phone)), contact, "Supported: path"]);
}

/** The caller's request with its media; `toTag` names the dialog once it has one. */
export function request(dialog: Dialog, toTag = ""): string {
  const { sender } = ends(dialog);
  const body = dialog.media === undefined ? "" : sdp(hostOf(sender), dialog.media);
  return message(...requestHead(dialog, dialog.method, toTag), body);
}

/** A request of the caller in the dialog, without a body. */
export function later(dialog: Dialog, method: "ACK" | "BYE"): string {
  return message(...requestHead(dialog, method, toTagOf(dialog)));
}

/** The callee's 200, with its media. */
export function answer(dialog: Dialog): string {
  const { callee } = ends(dialog);
  const headers = [...responseHead(dialog), `Contact: <sip:callee@${callee}>`, `Allow: ${ALLOW}`];
  return message(
    "SIP/2.0 200 OK",
    headers,
    dialog.media === undefined ? "" : sdp(hostOf(callee), CALLEE_MEDIA),
  );
}

/** A response of the callee without a body; to the dialog's first request unless another is named. */
export function response(dialog: Dialog, status: string, method: string = dialog.method): string {
  return message(`SIP/2.0 ${status}`, responseHead(dialog, method));
}

export function toTagOf({ id }: Dialog): string {
  return `;tag=b${id}`;
}

/** The addresses that either end writes: each knows a phone by another one. */
function ends({ phone, caller }: Dialog) {
  return caller === "phone"
    ? { sender: inside(phone), target: provider, callee: provider, via: outside(phone) }
    : { sender: provider, target: outside(phone), callee: inside(phone), via: provider };
}

function requestHead(dialog: Dialog, method: string, toTag: string): [string, string[]] {
  const { sender, target } = ends(dialog);
  const contact = `Contact: <sip:caller@${sender}>`;
  const more = ["Max-Forwards: 70", "User-Agent: bench", `Allow: ${ALLOW}`];
  return [
    `${method} sip:callee@${target} SIP/2.0`,
    [...shared(dialog, sender, method, toTag), contact, ...more],
  ];
}

function responseHead(dialog: Dialog, method: string = dialog.method): string[] {
  return shared(dialog, ends(dialog).via, method, toTagOf(dialog));
}

function shared({ id }: Dialog, via: string, method: string, toTag: string): string[] {
  return [
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bK${method}${id}${TURN};rport`,
    `From: "Caller" <sip:caller@example.com>;tag=a${id}`,
    `To: <sip:callee@example.com>${toTag}`,
    `Call-ID: ${id}`,
    `CSeq: ${method === "BYE" ? 2 : 1} ${method}`,
  ];
}

function registering({ index }: Phone, via: string): string[] {
  return [
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bKr${index}${TURN};rport`,
    `From: "Phone ${index}" <sip:${index}@example.com>;tag=r${index}`,
    `To: "Phone ${index}" <sip:${index}@example.com>`,
    `Call-ID: r${index}`,
    "CSeq: 42 REGISTER",
  ];
}

function inside({ address }: Phone): string {
  return `${address}:5060`;
}

function outside({ port }: Phone): string {
  return `${EXTERNAL}:${port}`;
}

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.indexOf(":"));
}

function message(start: string, headers: readonly string[], body = ""): string {
  const type = body === "" ? [] : ["Content-Type: application/sdp"];
  return [start, ...headers, STAMP_HEADER, ...type, `Content-Length: ${body.length}`, "", body].join("\r\n");
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
