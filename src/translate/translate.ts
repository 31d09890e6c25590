import type { Measured } from "../sip/body.ts";
import { bytesOf } from "../sip/bytes.ts";
import { decimal } from "../sip/characters.ts";
import { coversBody } from "../sip/digest.ts";
import { Header } from "../sip/header-names.ts";
import type { SipMessage } from "../sip/message.ts";
import { type ScannedBody, scanBodies } from "./bodies.ts";
import { EditList } from "./edits.ts";
import { isAlreadyPublic } from "./ice.ts";
import type { FlowEnds, Mapping } from "./mapping.ts";
import { type Looking, SessionTranslator } from "./sdp.ts";
import { SignallingTranslator } from "./signalling.ts";
import type { BodyLeft, MediaUse, Skipped, Translation } from "./translation.ts";

const NO_MEDIA: readonly MediaUse[] = [];

/**
 * Collects the edits of one message, all or none of them. What could fail by itself (fields, multipart, SDP) is
 * read before the mapping is asked for a stream, so that a message that passes unmodified has made none.
 *
 * @param looking outbound: the inside's addresses are looked for; inbound: our external address is
 */
export function translate(
  message: SipMessage,
  looking: Looking,
  flow: FlowEnds,
  mapping: Mapping,
): Translation {
  const outbound = looking === "outbound";
  const own = outbound ? flow.inside : flow.outside;
  const other = outbound ? flow.outside : flow.inside;
  const bodies = scanBodies(message);
  if ("reason" in bodies) return bodies;
  const { scanned, sealed } = bodies;

  const edits = new EditList(message.text);
  const signalling = new SignallingTranslator(message, own, other, flow.transport, mapping, edits);
  const fault = editSignalling(message, outbound, signalling);
  if (fault !== undefined) return fault;

  if (scanned.length === 0) {
    return { kind: "translated", edits: edits.sorted(), media: NO_MEDIA, bodyLeft: sealed };
  }
  const bodyLeft = sealed ?? leftAlone(message, scanned, outbound ? other : undefined);
  const media: MediaUse[] = [];
  if (bodyLeft === undefined) {
    for (const { session } of scanned) {
      const failure = new SessionTranslator(session, looking, own, mapping, edits).translate(media);
      if (failure !== undefined) return failure;
    }
    editLengths(message, scanned, edits);
  } else {
    for (const { session } of scanned) {
      for (const line of session.media) media.push({ line, rewrite: undefined });
    }
  }
  return { kind: "translated", edits: edits.sorted(), media, bodyLeft };
}

/**
 * Our own Via stands on top of a request that we send and of a response that comes back; the Request-URI is
 * ours when a request comes in.
 */
function editSignalling(
  message: SipMessage,
  outbound: boolean,
  signalling: SignallingTranslator,
): Skipped | undefined {
  const isRequest = message.kind === "request";
  let fault: Skipped | undefined;
  if (isRequest && !outbound) fault = signalling.requestUri();
  if (isRequest === outbound) fault ??= signalling.topVia();
  return fault ?? signalling.addressFields();
}

/** Why the body stays as it is; the header fields, which none of this covers, are translated all the same. */
function leftAlone(
  message: SipMessage,
  bodies: readonly ScannedBody[],
  outside: FlowEnds["outside"] | undefined,
): BodyLeft | undefined {
  if (coversBody(message)) return "auth-int";
  if (message.headers.has(Header.identity)) return "identity";
  // From outside, candidates are the other side's own; what names one of our streams is edited all the same.
  if (outside === undefined) return undefined;
  return bodies.some(({ session }) => isAlreadyPublic(session, outside)) ? "ice" : undefined;
}

/**
 * Corrects every Content-Length that counts an edited body, wherever it stands (RFC 3261 §20.14); none is added.
 * The field of an inner part stands in the body of the outer one, so the innermost comes first.
 */
function editLengths(message: SipMessage, bodies: readonly ScannedBody[], edits: EditList): void {
  for (const measured of innermostFirst(bodies)) editLength(message.text, measured, edits);
  const { headers } = message;
  const index = headers.first(Header.contentLength);
  if (index < 0) return;
  const length = { start: headers.valueStart(index), end: headers.valueEnd(index) };
  editLength(message.text, { length, body: { start: message.bodyStart, end: message.bodyEnd } }, edits);
}

const NO_LENGTHS: readonly Measured[] = [];

/** The Content-Length fields of multipart parts, which may have a body in common. */
function innermostFirst(bodies: readonly ScannedBody[]): readonly Measured[] {
  if (bodies.every(hasNoLengths)) return NO_LENGTHS;
  const inner = new Set(bodies.flatMap(({ body }) => body.lengths));
  return [...inner].sort((a, b) => b.length.start - a.length.start);
}

function hasNoLengths({ body }: ScannedBody): boolean {
  return body.lengths.length === 0;
}

function editLength(text: string, { length, body }: Measured, edits: EditList): void {
  const growth = edits.growth(body.start, body.end);
  const value = decimal(bytesOf(text), length.start, length.end, Number.MAX_SAFE_INTEGER);
  if (growth === 0 || value < 0) return;
  const rule = "RFC 3261 §20.14 Content-Length";
  edits.replace(length.start, length.end, String(value + growth), "content-length", rule);
}
