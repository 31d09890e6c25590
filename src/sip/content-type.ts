import { bytesOf } from "./bytes.ts";
import { equalsIgnoringCase, find, SEMICOLON, trimEnd } from "./characters.ts";
import { Header } from "./header-names.ts";
import type { HeaderTable } from "./headers.ts";
import { parameterText } from "./parameters.ts";

/** The media types that decide what may be done with a body. */
export type ContentKind = "session" | "trickle-ice-sdpfrag" | "multipart" | "signed" | "encrypted" | "other";

const KINDS: readonly { readonly type: string; readonly kind: ContentKind }[] = [
  { type: "application/sdp", kind: "session" },
  { type: "application/trickle-ice-sdpfrag", kind: "trickle-ice-sdpfrag" },
  { type: "multipart/signed", kind: "signed" },
  { type: "multipart/encrypted", kind: "encrypted" },
  { type: "application/pkcs7-mime", kind: "encrypted" },
  { type: "application/x-pkcs7-mime", kind: "encrypted" },
];

const MULTIPART = "multipart/";

/** What the Content-Type among `headers` names, in any case (RFC 3261 §20.15); "other" when there is none. */
export function contentKind(text: string, headers: HeaderTable): ContentKind {
  const index = headers.first(Header.contentType);
  if (index < 0) return "other";
  const bytes = bytesOf(text);
  const start = headers.valueStart(index);
  const end = trimEnd(bytes, start, find(bytes, SEMICOLON, start, headers.valueEnd(index)));
  for (const { type, kind } of KINDS) {
    if (equalsIgnoringCase(bytes, start, end, type)) return kind;
  }
  const typeEnd = Math.min(start + MULTIPART.length, end);
  return equalsIgnoringCase(bytes, start, typeEnd, MULTIPART) ? "multipart" : "other";
}

/** The boundary parameter of the Content-Type among `headers` (RFC 2046 §5.1.1); undefined when there is none. */
export function boundary(text: string, headers: HeaderTable): string | undefined {
  const index = headers.first(Header.contentType);
  const end = headers.valueEnd(index);
  const value = parameterText(
    text,
    find(bytesOf(text), SEMICOLON, headers.valueStart(index), end),
    end,
    "boundary",
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
    return !equalsIgnoringCase(
      bytesOf(text),
      headers.valueStart(coding),
      headers.valueEnd(coding),
      "identity",
    );
  }
  const transfer = headers.first(Header.contentTransferEncoding);
  if (transfer < 0) return false;
  const start = headers.valueStart(transfer);
  const end = headers.valueEnd(transfer);
  return !["binary", "8bit", "7bit"].some((plain) => equalsIgnoringCase(bytesOf(text), start, end, plain));
}
