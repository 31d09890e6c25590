import { find, SEMICOLON, trimEnd } from "./characters.ts";
import { Header } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { parameterText } from "./parameters.ts";

/** Replaces names the dialog that this INVITE takes over (RFC 3891 §3). */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
}

/** The Replaces field of the message; undefined when there is none. */
export function replaces(message: SipMessage): Replaces | undefined {
  const { text, headers } = message;
  const index = headers.first(Header.replaces);
  if (index < 0) return undefined;
  const start = headers.valueStart(index);
  const end = headers.valueEnd(index);
  const parameters = find(text, SEMICOLON, start, end);
  return {
    callId: text.slice(start, trimEnd(text, start, parameters)),
    toTag: parameterText(text, parameters, end, "to-tag") ?? "",
    fromTag: parameterText(text, parameters, end, "from-tag") ?? "",
  };
}
