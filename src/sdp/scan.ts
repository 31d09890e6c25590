import { bytesOf } from "../sip/bytes.ts";
import { EQUAL, trimEnd } from "../sip/characters.ts";
import { scanAddress, scanOrigin } from "./address.ts";
import {
  attributeValue,
  isAttribute,
  scanCandidate,
  scanPath,
  scanRemoteCandidates,
  scanRtcp,
  scanSetup,
} from "./attribute.ts";
import { applyBundle } from "./bundle.ts";
import { lineFeedAt } from "./line.ts";
import { MediaDraft } from "./media-draft.ts";
import { scanMediaLine } from "./media-line.ts";
import type { Address, MediaDescription, Session } from "./session.ts";

/** Why a text is no session description that may be edited. */
export type InvalidSession =
  | "malformed-line"
  | "malformed-connection"
  | "malformed-media"
  | "malformed-rtcp"
  | "malformed-candidate";

/** SessionScan is what a text is: a session description, or why not and at which offset. */
export type SessionScan =
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "invalid"; readonly reason: InvalidSession; readonly at: number };

/**
 * Reads the session description in `[start, end)` (RFC 8866) as far as it holds addresses; spans are offsets
 * into `text`. It is total, and linear in the length. Lines end in CRLF or in LF alone.
 *
 * A description without its v= or o= line is read all the same: a trickle-ice-sdpfrag has neither (RFC 8840 §9).
 *
 * @param firstIndex index of its first m= line: how many lines the descriptions before it in the message have
 */
export function scanSession(text: string, start: number, end: number, firstIndex = 0): SessionScan {
  const bytes = bytesOf(text);
  const scanner = new SessionScanner(text, bytes, firstIndex);
  let at = start;
  while (at < end) {
    const lineFeed = lineFeedAt(text, at, end);
    const reason = scanner.line(at, lineFeed);
    if (reason !== undefined) return { kind: "invalid", reason, at };
    at = lineFeed + 1;
  }
  return { kind: "session", session: scanner.finish() };
}

const O = 0x6f;
const C = 0x63;
const M = 0x6d;
const A = 0x61;
const G = 0x67;
const I = 0x69;
const N = 0x6e;
const P = 0x70;
const R = 0x72;
const S = 0x73;
const T = 0x74;

/**
 * False for nearly every attribute of a phone (rtpmap, fmtp, ptime, ...): none that is looked for begins as that at
 * `start` does. It is false for no other one.
 */
function concerns(bytes: Uint8Array, start: number): boolean {
  switch (bytes[start]) {
    case R:
      return bytes[start + 1] !== T || bytes[start + 2] !== P;
    case P:
      return bytes[start + 1] !== T;
    case S:
      return bytes[start + 2] !== N;
    case C:
    case G:
    case I:
    case M:
      return true;
    default:
      return false;
  }
}

/** Takes the lines of one session description one after another. */
class SessionScanner {
  readonly #text: string;
  readonly #bytes: Uint8Array;
  readonly #firstIndex: number;
  readonly #media: MediaDraft[] = [];
  readonly #bundles: string[] = [];
  /** The last of `#media`, under which the next lines stand. */
  #draft: MediaDraft | undefined;
  #origin: Address | undefined;
  #connection: Address | undefined;
  #ice = false;

  constructor(text: string, bytes: Uint8Array, firstIndex: number) {
    this.#text = text;
    this.#bytes = bytes;
    this.#firstIndex = firstIndex;
  }

  /** Takes the line that starts at `start` and that `lineFeed` ends; a reason when it cannot be relied on. */
  line(start: number, lineFeed: number): InvalidSession | undefined {
    const bytes = this.#bytes;
    if (start + 1 >= lineFeed || bytes[start + 1] !== EQUAL) {
      return trimEnd(bytes, start, lineFeed) === start ? undefined : "malformed-line";
    }
    const value = start + 2;
    switch (bytes[start]) {
      case O:
        this.#origin ??= scanOrigin(this.#text, value, trimEnd(bytes, value, lineFeed));
        return undefined;
      case C:
        return this.#takeConnection(value, trimEnd(bytes, value, lineFeed));
      case M:
        return this.#takeMedia(value, trimEnd(bytes, value, lineFeed));
      case A:
        return concerns(bytes, value)
          ? this.#takeAttribute(value, trimEnd(bytes, value, lineFeed))
          : undefined;
      default:
        return undefined;
    }
  }

  /** The session the lines make. */
  finish(): Session {
    const media: MediaDescription[] = this.#media.map((draft) => draft.finish(this.#connection, this.#ice));
    return {
      origin: this.#origin,
      connection: this.#connection,
      media: this.#bundles.length === 0 ? media : applyBundle(media, this.#bundles, this.#mids()),
    };
  }

  #mids(): readonly string[] {
    return this.#media.map((draft) => draft.mid);
  }

  #takeConnection(start: number, end: number): InvalidSession | undefined {
    const address = scanAddress(this.#text, start, end);
    if (address === undefined) return "malformed-connection";
    const draft = this.#draft;
    // A second c= of the same level is of a hierarchical multicast session (RFC 8866 §5.7) and never ours.
    if (draft === undefined) this.#connection ??= address;
    else draft.connection ??= address;
    return undefined;
  }

  #takeMedia(start: number, end: number): InvalidSession | undefined {
    const line = scanMediaLine(this.#text, start, end);
    if (line === undefined) return "malformed-media";
    this.#draft = new MediaDraft(this.#firstIndex + this.#media.length, line);
    this.#media.push(this.#draft);
    return undefined;
  }

  #takeAttribute(start: number, end: number): InvalidSession | undefined {
    const draft = this.#draft;
    return draft === undefined ? this.#sessionAttribute(start, end) : this.#mediaAttribute(draft, start, end);
  }

  #sessionAttribute(start: number, end: number): InvalidSession | undefined {
    const text = this.#text;
    if (attributeValue(text, start, end, "ice-ufrag") >= 0) this.#ice = true;
    const group = attributeValue(text, start, end, "group");
    if (group >= 0 && text.startsWith("BUNDLE ", group)) this.#bundles.push(text.slice(group + 7, end));
    return undefined;
  }

  #mediaAttribute(draft: MediaDraft, start: number, end: number): InvalidSession | undefined {
    const text = this.#text;
    switch (this.#bytes[start]) {
      case R:
        return this.#rtcpAttribute(draft, start, end);
      case C: {
        const value = attributeValue(text, start, end, "candidate");
        if (value < 0) return undefined;
        const candidate = scanCandidate(text, value, end);
        if (candidate === undefined) return "malformed-candidate";
        draft.candidates.push(candidate);
        return undefined;
      }
      case I:
        if (attributeValue(text, start, end, "ice-ufrag") >= 0) draft.ice = true;
        return undefined;
      case M: {
        const value = attributeValue(text, start, end, "mid");
        if (value >= 0) draft.mid = text.slice(value, end);
        return undefined;
      }
      case S: {
        const value = attributeValue(text, start, end, "setup");
        if (value >= 0) draft.setup = scanSetup(text, value, end);
        return undefined;
      }
      case P: {
        const value = attributeValue(text, start, end, "path");
        if (value >= 0) scanPath(text, value, end, draft.addresses);
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #rtcpAttribute(draft: MediaDraft, start: number, end: number): InvalidSession | undefined {
    const text = this.#text;
    if (isAttribute(text, start, end, "rtcp-mux") || isAttribute(text, start, end, "rtcp-mux-only")) {
      draft.mux = true;
      return undefined;
    }
    const remote = attributeValue(text, start, end, "remote-candidates");
    if (remote >= 0) scanRemoteCandidates(text, remote, end, draft.addresses);
    const value = attributeValue(text, start, end, "rtcp");
    if (value < 0) return undefined;
    const rtcp = scanRtcp(text, value, end);
    if (rtcp === undefined) return "malformed-rtcp";
    draft.rtcpLine ??= rtcp;
    return undefined;
  }
}
