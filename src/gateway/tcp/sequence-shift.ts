import type { SequenceAdjustment } from "../../kernel/sequence-adjustment.ts";

/**
 * What the kernel makes of the sequence numbers of one direction of a connection, and of the acknowledgements of the
 * other (nf_conntrack_seqadj.c). It knows one position only, and takes the numbers of a segment by its first byte; so
 * what it would get wrong is put right here, by numbers of which it makes the right ones.
 *
 * All numbers are offsets, counted from the first byte of the stream, and not sequence numbers: they do not wrap around.
 */
export type SequenceShift = SequenceAdjustment;

/** Of a stream that has kept its length; all of it lies behind the position, which is that of its SYN. */
export const NO_SHIFT: SequenceShift = { position: -1, before: 0, after: 0 };

/** What the kernel makes of a segment that begins at `at`. */
export function shifted(shift: SequenceShift, at: number): number {
  return at + (at > shift.position ? shift.after : shift.before);
}

/**
 * The offset of which the kernel makes `output`.
 *
 * @returns undefined when there is none: where a message has grown, it reaches none of the bytes by which it has
 */
export function unshifted(shift: SequenceShift, output: number): number | undefined {
  const behind = output - shift.after;
  if (behind > shift.position) return behind;
  const ahead = output - shift.before;
  return ahead <= shift.position ? ahead : undefined;
}

/** What the kernel makes of an acknowledgement of everything before `output`. */
export function acknowledged(shift: SequenceShift, output: number): number {
  return output - (output - shift.before > shift.position ? shift.after : shift.before);
}

/** The acknowledgement of which the kernel makes `at`, or the last one before it that can be had. */
export function acknowledging(shift: SequenceShift, at: number): number {
  const behind = at + shift.after;
  return behind - shift.before > shift.position ? behind : Math.min(at, shift.position) + shift.before;
}
