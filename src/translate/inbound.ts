import type { SipMessage } from "../sip/message.ts";
import type { FlowEnds, Mapping } from "./mapping.ts";
import { translate } from "./translate.ts";
import type { Translation } from "./translation.ts";

/**
 * What becomes of a message that the outside sends: the exact inverse of translateOutbound. Our external address
 * becomes what the phone itself wrote, at every place where outbound translation may have put it.
 */
export function translateInbound(message: SipMessage, flow: FlowEnds, mapping: Mapping): Translation {
  return translate(message, "inbound", flow, mapping);
}
