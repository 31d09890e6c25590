import type { AttributeReader } from "./attribute-reader.ts";
import { CTA_SEQADJ_CORRECTION_POS, CTA_SEQADJ_OFFSET_AFTER, CTA_SEQADJ_OFFSET_BEFORE } from "./ctnetlink.ts";
import type { MessageWriter } from "./message-writer.ts";

/**
 * What the kernel adds to the sequence numbers of one direction of a TCP flow: struct nf_ct_seqadj.
 *
 * Bytes at or behind sequence number `position` are shifted by `after`, bytes before it by `before`.
 */
export interface SequenceAdjustment {
  readonly position: number;
  readonly before: number;
  readonly after: number;
}

/** Writes `adjustment` as nested attribute `type`: CTA_SEQ_ADJ_ORIG or CTA_SEQ_ADJ_REPLY. */
export function encodeSequenceAdjustment(
  writer: MessageWriter,
  type: number,
  adjustment: SequenceAdjustment,
): void {
  const nest = writer.beginNest(type);
  writer.be32(CTA_SEQADJ_CORRECTION_POS, adjustment.position);
  writer.be32(CTA_SEQADJ_OFFSET_BEFORE, adjustment.before);
  writer.be32(CTA_SEQADJ_OFFSET_AFTER, adjustment.after);
  writer.endNest(nest);
}

/** Reads the nested attribute `reader` stands on; offsets are signed. */
export function decodeSequenceAdjustment(reader: AttributeReader): SequenceAdjustment {
  let [position, before, after] = [0, 0, 0];
  for (const parts = reader.nested(); parts.next(); ) {
    if (parts.type === CTA_SEQADJ_CORRECTION_POS) position = parts.be32();
    if (parts.type === CTA_SEQADJ_OFFSET_BEFORE) before = parts.be32() | 0;
    if (parts.type === CTA_SEQADJ_OFFSET_AFTER) after = parts.be32() | 0;
  }
  return { position, before, after };
}
