import { bytesOf } from "./bytes.ts";
import { decimal, findSpace } from "./characters.ts";
import { type CSeq, scanCSeq } from "./cseq.ts";
import { Header, type HeaderId } from "./header-names.ts";
import { bitsOf, type HeaderTable } from "./headers.ts";
import { identifier } from "./identifier.ts";
import type { SipMessage } from "./message.ts";
import { methodAt } from "./method.ts";
import { type NotSip, type NotSipReason, notSip } from "./not-sip.ts";
import type { Span } from "./span.ts";
import type { StartLine } from "./start-line.ts";
import { scanTag } from "./tag.ts";
import { scanVia, type Via } from "./via.ts";
import { isSame } from "./word.ts";

const NO_URI: Span = { start: 0, end: 0 };

/** Completes a message from its start-line and its fields, or says which of them cannot be relied on. */
export function readMessage(
  text: string,
  start: number,
  line: StartLine,
  headers: HeaderTable,
  bodyStart: number,
): SipMessage | NotSip {
  const fault = repeatedOrMissing(headers);
  if (fault !== undefined) return fault;

  const callId = headers.first(Header.callId);
  const callIdStart = headers.valueStart(callId);
  const callIdEnd = headers.valueEnd(callId);
  if (callIdStart === callIdEnd || findSpace(bytesOf(text), callIdStart, callIdEnd) < callIdEnd) {
    return notSip("malformed-call-id", headers.nameStart(callId));
  }
  const cseq = readCSeq(text, headers);
  if (cseq === undefined) return notSip("malformed-cseq", headers.nameStart(headers.first(Header.cseq)));
  const method =
    line.kind === "request"
      ? methodAt(text, start, line.methodEnd)
      : methodAt(text, cseq.methodStart, cseq.methodEnd);
  if (line.kind === "request" && !namesMethod(text, cseq, start, line.methodEnd)) {
    return notSip("cseq-method-mismatch", cseq.methodStart);
  }
  const fromTag = readTag(text, headers, Header.from);
  if (fromTag === undefined) return malformed("malformed-from", headers, Header.from);
  const toTag = readTag(text, headers, Header.to);
  if (toTag === undefined) return malformed("malformed-to", headers, Header.to);
  const via = readVia(text, headers);
  if (via === undefined) return malformed("malformed-via", headers, Header.via);
  if (!isDate(text, headers)) return malformed("malformed-date", headers, Header.date);

  const bodyEnd = readBodyEnd(text, headers, bodyStart);
  if (bodyEnd < 0) return malformed("malformed-content-length", headers, Header.contentLength);
  if (bodyEnd > text.length) return notSip("body-shorter-than-content-length", bodyStart);
  return {
    text,
    start,
    end: bodyEnd,
    kind: line.kind,
    method,
    status: line.kind === "response" ? line.status : 0,
    requestUri: line.kind === "request" ? { start: line.uriStart, end: line.uriEnd } : NO_URI,
    uri: line.kind === "request" ? line.uri : undefined,
    headers,
    callId: identifier(text.slice(callIdStart, callIdEnd)),
    cseq: cseq.number,
    fromTag,
    toTag,
    via,
    branch: via.branch === undefined ? "" : identifier(text.slice(via.branch.start, via.branch.end)),
    bodyStart,
    bodyEnd,
  };
}

/** The fields every message has (RFC 3261 §8.1.1, §8.2.6.2), and those that may stand only once (§7.3.1). */
const MANDATORY = bitsOf([Header.via, Header.from, Header.to, Header.callId, Header.cseq]);
const SINGLE = [Header.from, Header.to, Header.callId, Header.cseq, Header.contentLength] as const;
const SINGLE_BITS = bitsOf(SINGLE);

function repeatedOrMissing(headers: HeaderTable): NotSip | undefined {
  if (!headers.hasAll(MANDATORY)) return notSip("missing-header", 0);
  if (!headers.repeatsAny(SINGLE_BITS)) return undefined;
  const seconds = SINGLE.map((id) => headers.next(id, headers.first(id)));
  return notSip("repeated-header", headers.nameStart(seconds.find((index) => index >= 0) ?? 0));
}

function malformed(reason: NotSipReason, headers: HeaderTable, id: HeaderId): NotSip {
  return notSip(reason, headers.nameStart(headers.first(id)));
}

/** True when CSeq names the method in `[start, end)`. */
function namesMethod(text: string, { methodStart, methodEnd }: CSeq, start: number, end: number): boolean {
  return methodEnd - methodStart === end - start && isSame(bytesOf(text), methodStart, methodEnd, start);
}

function readCSeq(text: string, headers: HeaderTable): CSeq | undefined {
  const index = headers.first(Header.cseq);
  return scanCSeq(text, headers.valueStart(index), headers.valueEnd(index));
}

/** The tag of From or To, "" when there is none, undefined when the field is malformed. */
function readTag(text: string, headers: HeaderTable, id: HeaderId): string | undefined {
  const index = headers.first(id);
  const tag = scanTag(text, headers.valueStart(index), headers.valueEnd(index));
  return tag === undefined ? undefined : identifier(tag);
}

function readVia(text: string, headers: HeaderTable): Via | undefined {
  const index = headers.first(Header.via);
  return scanVia(text, headers.valueStart(index), headers.valueEnd(index));
}

/** False when Date is of another time zone than GMT (RFC 3261 §20.17, RFC 4475 §3.1.2.12). */
function isDate(text: string, headers: HeaderTable): boolean {
  const index = headers.first(Header.date);
  return index < 0 || text.startsWith("GMT", headers.valueEnd(index) - 3);
}

/** Offset behind the body: what Content-Length says, or all that is left (RFC 3261 §18.3); -1 when malformed. */
function readBodyEnd(text: string, headers: HeaderTable, bodyStart: number): number {
  const index = headers.first(Header.contentLength);
  if (index < 0) return text.length;
  const length = decimal(
    bytesOf(text),
    headers.valueStart(index),
    headers.valueEnd(index),
    Number.MAX_SAFE_INTEGER,
  );
  return length < 0 ? -1 : bodyStart + length;
}
