import type { FlowEnds } from "../packet/endpoint.ts";
import type { SipMessage } from "../sip/message.ts";
import type { StreamTable } from "../table/stream-table.ts";
import { translateInbound } from "../translate/inbound.ts";
import { ListedMapping } from "../translate/listed-mapping.ts";
import { translateOutbound } from "../translate/outbound.ts";
import { observeMedia } from "../translate/pinhole.ts";
import type { BodyLeft } from "../translate/translation.ts";
import type { Hairpin } from "./message.ts";

/**
 * Why the body of a translated message was left alone. The engine's outcome does not tell, but it hangs on the message
 * and the flow only, so translating again with any ports tells the same.
 */
export function bodyLeft(
  message: SipMessage,
  direction: "outbound" | "inbound",
  flow: FlowEnds,
): BodyLeft | undefined {
  const mapping = new ListedMapping(flow, []);
  const translation =
    direction === "outbound"
      ? translateOutbound(message, flow, mapping.outbound)
      : translateInbound(message, flow, mapping.inbound);
  return translation.kind === "translated" ? translation.bodyLeft : undefined;
}

/** The m= lines of a message from outside that InboundMapping takes for streams of ours. */
export function hairpinsOf(
  message: SipMessage,
  streams: Pick<StreamTable, "byPort">,
  external: string,
): readonly Hairpin[] {
  const seen = observeMedia(message);
  if (seen.kind === "skipped") return [];
  const hairpins: Hairpin[] = [];
  for (const { line } of seen.media) {
    const found = line.host === external ? streams.byPort(line.port) : undefined;
    if (found === undefined) continue;
    const outside = { host: line.host, port: line.port };
    hairpins.push({ media: line.media, outside, inside: found.inside });
  }
  return hairpins;
}
