import { joinAddress, splitAddress } from "./ip-address.ts";

/** The parts of a request; what a value does not say, every request of the lab has alike. */
export interface RequestParts {
  readonly uri: string;
  /** "host:port" of the Via. */
  readonly by: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** More header lines, as they are to stand there. */
  readonly fields?: readonly string[];
  /** A session description, "" for none. */
  readonly sdp?: string;
}

/** A request as a user agent writes it (RFC 3261 §8.1.1), its branch made of Call-ID, method and CSeq. */
export function request(method: string, parts: RequestParts): string {
  const { uri, by, from, to, callId, cseq, fields = [], sdp = "" } = parts;
  const branch = `z9hG4bK-${callId.replace(/\W/g, "-")}-${method}-${cseq}`;
  return message(
    [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${by};branch=${branch};rport`,
      "Max-Forwards: 70",
      `From: ${from}`,
      `To: ${to}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      ...fields,
    ],
    sdp,
  );
}

/** Alice's first INVITE to Bob at a host, from a phone at `by`; `more` says what is otherwise in it. */
export function inviteTo(host: string, by: string, more: Partial<RequestParts> = {}): string {
  return request("INVITE", {
    uri: `sip:bob@${host}`,
    by,
    from: "<sip:alice@example.com>;tag=a",
    to: "<sip:bob@example.com>",
    callId: "call@phone",
    cseq: 1,
    fields: [`Contact: <sip:alice@${by}>`],
    ...more,
  });
}

/**
 * The response to a request as it arrived (RFC 3261 §8.2.6): its Via, From, To, Call-ID and CSeq are echoed.
 *
 * @param status such as "200 OK"
 * @param toTag the tag the answering side adds, "" where To has one
 */
export function response(
  to: string,
  status: string,
  { toTag = "", fields = [], sdp = "" }: { toTag?: string; fields?: readonly string[]; sdp?: string } = {},
): string {
  const echoed = ["Via", "From", "To", "Call-ID", "CSeq"].map((name) => {
    const tag = name === "To" && toTag !== "" ? `;tag=${toTag}` : "";
    return `${name}: ${field(to, name)}${tag}`;
  });
  return message([`SIP/2.0 ${status}`, ...echoed, ...fields], sdp);
}

function message(lines: readonly string[], sdp: string): string {
  const type = sdp === "" ? [] : ["Content-Type: application/sdp"];
  return `${[...lines, ...type, `Content-Length: ${sdp.length}`].join("\r\n")}\r\n\r\n${sdp}`;
}

/**
 * A session description of one stream (RFC 8866).
 *
 * @param address "host:port" of the stream, also in o=
 * @param media what stands around the port in m=, the port as *
 */
export function sessionDescription(
  address: string,
  attributes: readonly string[] = [],
  media = "audio * RTP/AVP 8",
): string {
  const { host, port } = splitAddress(address);
  const family = host.includes(":") ? "IP6" : "IP4";
  const lines = [
    "v=0",
    `o=- 1 1 IN ${family} ${host}`,
    "s=-",
    `c=IN ${family} ${host}`,
    "t=0 0",
    `m=${media.replace("*", String(port))}`,
    ...attributes.map((attribute) => `a=${attribute}`),
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

/** The first line of a message. */
export function startLine(text: string): string {
  return text.slice(0, text.indexOf("\r\n"));
}

/** The value of a header field; throws when the message has none of that name. */
export function field(text: string, name: string): string {
  const value = new RegExp(`^${name}: (.*)\r$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`No ${name} in:\n${text}`);
  return value;
}

/** "host:port" of a message's only m= line and its c=; throws when it has none. */
export function mediaAddress(text: string): string {
  const host = /^c=IN IP[46] (.*)\r$/m.exec(text)?.[1];
  const port = /^m=\w+ (\d+) /m.exec(text)?.[1];
  if (host === undefined || port === undefined) throw new Error(`No session description in:\n${text}`);
  return joinAddress(host, Number(port));
}
