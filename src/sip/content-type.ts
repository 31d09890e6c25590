import { bytesOf } from "./bytes.ts";
import { find, SEMICOLON, trimEnd } from "./characters.ts";
import { Header } from "./header-names.ts";
import type { HeaderTable } from "./headers.ts";
import { parameterText } from "./parameters.ts";
import { isWord, type Word, word } from "./word.ts";

/** The media types that decide what may be done with a body. */
export type ContentKind = "session" | "trickle-ice-sdpfrag" | "multipart" | "signed" | "encrypted" | "other";

const KINDS: readonly { readonly type: Word; readonly kind: ContentKind }[] = [
  { type: word("application/sdp"), kind: "session" },
  { type: word("application/trickle-ice-sdpfrag"), kind: "trickle-ice-sdpfrag" },
  { type: word("multipart/signed"), kind: "signed" },
  { type: word("multipart/encrypted"), kind: "encrypted" },
  { type: word("application/pkcs7-mime"), kind: "encrypted" },
  { type: word("application/x-pkcs7-mime"), kind: "encrypted" },
];

const MULTIPART = word("multipart/");
const BOUNDARY = word("boundary");
const IDENTITY = word("identity");
const PLAIN: readonly Word[] = [word("binary"), word("8bit"), word("7bit")];

/** What the Content-Type among `headers` names, in any case (RFC 3261 §20.15); "other" when there is none. */
export function contentKind(text: string, headers: HeaderTable): ContentKind {
  const index = headers.first(Header.contentType);
  if (index < 0) return "other";
  const bytes = bytesOf(text);
  const start = headers.valueStart(index);
  const end = trimEnd(bytes, start, find(bytes, SEMICOLON, start, headers.valueEnd(index)));
  for (const { type, kind } of KINDS) {
    if (isWord(bytes, start, end, type)) return kind;
  }
  const typeEnd = Math.min(start + MULTIPART.length, end);
  return isWord(bytes, start, typeEnd, MULTIPART) ? "multipart" : "other";
}

/** The boundary parameter of the Content-Type among `headers` (RFC 2046 §5.1.1); undefined when there is none. */
export function boundary(text: string, headers: HeaderTable): string | undefined {
  const index = headers.first(Header.contentType);
  const end = headers.valueEnd(index);
  const value = parameterText(
    text,
    find(bytesOf(text), SEMICOLON, headers.valueStart(index), end),
    end,
    BOUNDARY,
  );
  return value === undefined || value === "" || value.length > 70 ? undefined : value;
}

/**
 * True when the body is encoded (gzip, base64, quoted-printable), so that its bytes are not its text
 * (RFC 3261 §20.12, RFC 2045 §6).
 */
export function isEncoded(text: string, headers: HeaderTable): boolean {
  const coding = headers.first(Header.contentEncoding);
  if (coding >= 0) {
    return !isWord(bytesOf(text), headers.valueStart(coding), headers.valueEnd(coding), IDENTITY);
  }
  const transfer = headers.first(Header.contentTransferEncoding);
  if (transfer < 0) return false;
  const start = headers.valueStart(transfer);
  const end = headers.valueEnd(transfer);
  return !PLAIN.some((plain) => isWord(bytesOf(text), start, end, plain));
}
