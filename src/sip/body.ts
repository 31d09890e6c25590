import { boundary, contentKind, isEncoded } from "./content-type.ts";
import { scanFields } from "./fields.ts";
import { Header } from "./header-names.ts";
import { HeaderTable } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { scanParts } from "./multipart.ts";
import type { Span } from "./span.ts";

/** SdpBody is one session description in a message: where it stands, and whether it is whole or a fragment. */
export interface SdpBody extends Span {
  /** `application/sdp`, or a fragment of one that trickles candidates (RFC 8840 §9). */
  readonly kind: "session" | "trickle-ice-sdpfrag";
  /** The Content-Length fields of the multipart parts it stands in. */
  readonly lengths: readonly Measured[];
}

/** A Content-Length and what it counts. */
export interface Measured {
  /** The digits of the field. */
  readonly length: Span;
  readonly body: Span;
}

/** Why a body may be read, at most, and not edited. */
export type Sealed = "encoded" | "signed" | "encrypted";

/** Body is what a message's body holds for us. */
export interface Body {
  /** Every session description that can be read. */
  readonly sdp: readonly SdpBody[];
  /** Why none of it may be edited; undefined when it may. */
  readonly sealed: Sealed | undefined;
  /** True when a multipart body does not follow its own boundary. */
  readonly malformed: boolean;
}

const EMPTY: Body = { sdp: [], sealed: undefined, malformed: false };
const NO_LENGTHS: readonly Measured[] = [];

/** Multipart bodies inside each other beyond this are not looked into; two are known (RFC 5621 §3.1). */
const DEEPEST = 4;

/** Looks for session descriptions in the message's body, in all parts of a multipart one (RFC 5621). */
export function readBody(message: SipMessage): Body {
  if (message.bodyEnd === message.bodyStart || !message.headers.has(Header.contentType)) return EMPTY;
  const reader = new BodyReader(message.text);
  reader.read(message.headers, message.bodyStart, message.bodyEnd, NO_LENGTHS, 0);
  return reader;
}

class BodyReader implements Body {
  readonly #text: string;
  readonly sdp: SdpBody[] = [];
  sealed: Sealed | undefined;
  malformed = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads the body in `[start, end)` that `headers` describe. */
  read(headers: HeaderTable, start: number, end: number, lengths: readonly Measured[], depth: number): void {
    const kind = contentKind(this.#text, headers);
    if (kind !== "other" && isEncoded(this.#text, headers)) {
      this.sealed ??= "encoded";
      return;
    }
    switch (kind) {
      case "other":
        return;
      case "session":
      case "trickle-ice-sdpfrag":
        if (start < end) this.sdp.push({ kind, start, end, lengths });
        return;
      case "encrypted":
        this.sealed ??= "encrypted";
        return;
      case "signed":
        this.sealed ??= "signed";
        this.#readParts(headers, start, end, lengths, depth);
        return;
      case "multipart":
        this.#readParts(headers, start, end, lengths, depth);
        return;
    }
  }

  #readParts(
    headers: HeaderTable,
    start: number,
    end: number,
    lengths: readonly Measured[],
    depth: number,
  ): void {
    const delimiter = boundary(this.#text, headers);
    const parts = delimiter === undefined ? undefined : scanParts(this.#text, start, end, delimiter);
    if (parts === undefined) {
      this.malformed = true;
      return;
    }
    if (depth >= DEEPEST) return;
    for (const part of parts) this.#readPart(part, lengths, depth);
  }

  #readPart(part: Span, lengths: readonly Measured[], depth: number): void {
    const fields = new HeaderTable();
    const start = scanFields(this.#text, part.start, part.end, fields);
    // A part without the empty line behind its fields has no body that could be told from them.
    if (typeof start !== "number") return;
    const index = fields.first(Header.contentLength);
    if (index < 0) {
      this.read(fields, start, part.end, lengths, depth + 1);
      return;
    }
    const length = { start: fields.valueStart(index), end: fields.valueEnd(index) };
    const own = [...lengths, { length, body: { start, end: part.end } }];
    this.read(fields, start, part.end, own, depth + 1);
  }
}
