import type { SipMessage } from "../sip/message.ts";
import type { FlowEnds, Mapping } from "./mapping.ts";
import { translate } from "./translate.ts";
import type { Translation } from "./translation.ts";

/**
 * What becomes of a message that the inside sends: every literal of the inside endpoint, at a place where the
 * other side would send to it, becomes the external address (docs/translation.md).
 */
export function translateOutbound(message: SipMessage, flow: FlowEnds, mapping: Mapping): Translation {
  return translate(message, "outbound", flow, mapping);
}
