/** A header field: its name as written and its value without surrounding space. */
export type Header = readonly [name: string, value: string];

/** A SIP request as a user agent sees it; written for the lab, so that the gateway's own scanner is not its judge. */
export interface Request {
  readonly kind: "request";
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly Header[];
  readonly body: string;
}

/** A SIP response as a user agent sees it. */
export interface Response {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
  readonly body: string;
}

/** A SIP message of either kind. */
export type Message = Request | Response;

/** The parts of a SIP URI that decide where a request goes (RFC 3261 §19.1.1); `port` is 5060 unless written. */
export interface SipUri {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** Compact header names of RFC 3261 §7.3.3 that a peer may use. */
const COMPACT: Readonly<Record<string, string>> = {
  v: "via",
  f: "from",
  t: "to",
  i: "call-id",
  m: "contact",
  l: "content-length",
  c: "content-type",
};

/** Reads one datagram (RFC 3261 §7); undefined when it is not a SIP message. */
export function parseMessage(text: string): Message | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [startLine = "", ...lines] = text
    .slice(0, headEnd)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = lines.map((line): Header => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const length = headers.find(([name]) => canonical(name) === "content-length")?.[1];
  const rest = text.slice(headEnd + 4);
  const body = length === undefined ? rest : rest.slice(0, Number(length));
  if (startLine.startsWith("SIP/2.0 ")) {
    return {
      kind: "response",
      status: Number(startLine.slice(8, 11)),
      reason: startLine.slice(12),
      headers,
      body,
    };
  }
  const [method = "", uri = "", version] = startLine.split(" ");
  return version === "SIP/2.0" ? { kind: "request", method, uri, headers, body } : undefined;
}

/** Writes a message with the Content-Length its body has. */
export function renderMessage(message: Message): string {
  const startLine =
    message.kind === "request"
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  const headers = message.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const type = message.body ? "Content-Type: application/sdp\r\n" : "";
  return `${startLine}\r\n${headers}${type}Content-Length: ${message.body.length}\r\n\r\n${message.body}`;
}

/** The first value of a header, "" when there is none. */
export function headerOf(message: Message, name: string): string {
  return message.headers.find((header) => canonical(header[0]) === name.toLowerCase())?.[1] ?? "";
}

/** All entries of a header that lists addresses (Record-Route, Route, Contact), in order. */
export function entriesOf(message: Message, name: string): string[] {
  return message.headers
    .filter((header) => canonical(header[0]) === name.toLowerCase())
    .flatMap((header) => header[1].split(/,(?=\s*<)/))
    .map((entry) => entry.trim());
}

/** The method a message belongs to: a response's is the one its CSeq names (RFC 3261 §8.2.6.2). */
export function methodOf(message: Message): string {
  return message.kind === "request" ? message.method : (headerOf(message, "CSeq").split(/\s+/)[1] ?? "");
}

/** The tag of a From or To value, "" when it has none. */
export function tagOf(value: string): string {
  return /;\s*tag=([^;\s]+)/i.exec(value)?.[1] ?? "";
}

/** The URI inside an address: `"Ann" <sip:ann@x>;tag=1` gives `sip:ann@x`. */
export function uriIn(address: string): string {
  return /<([^>]*)>/.exec(address)?.[1] ?? address.split(";")[0]?.trim() ?? "";
}

/** Reads a SIP URI, bare or in angle brackets; a text that is none has an empty host. */
export function parseUri(text: string): SipUri {
  const [, user = "", host = "", port] =
    /^sips?:(?:([^@>]*)@)?([^:;?>\s]+)(?::(\d+))?/i.exec(uriIn(text)) ?? [];
  return { user, host, port: port ? Number(port) : 5060 };
}

/** A parameter of a Via value: "" when it stands there without a value, undefined when it is absent. */
export function viaParameter(via: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}(?:=([^;,\\s]*))?(?=[;,\\s]|$)`, "i").exec(via);
  return match ? (match[1] ?? "") : undefined;
}

function canonical(name: string): string {
  const lower = name.toLowerCase();
  return COMPACT[lower] ?? lower;
}
