import { Header } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { scanNameAddress } from "./name-address.ts";
import { scanUri } from "./uri.ts";

/**
 * The address-of-record that a REGISTER and its responses are about: the URI of To without its parameters
 * (RFC 3261 §10.3, step 5); "" when To holds none.
 */
export function addressOfRecord(message: SipMessage): string {
  const { text, headers } = message;
  const index = headers.first(Header.to);
  if (index < 0) return "";
  const address = scanNameAddress(text, headers.valueStart(index), headers.valueEnd(index));
  if (address === undefined) return "";
  const uri = scanUri(text, address.uriStart, address.uriEnd);
  return text.slice(address.uriStart, uri?.kind === "sip" ? uri.parametersStart : address.uriEnd);
}
