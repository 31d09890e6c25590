/** Kinds of options (RFC 9293 §3.1, RFC 2018 §3). */
const END = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const SELECTIVE_ACKNOWLEDGEMENT = 5;

/** What is to become of the options of a segment; what is not asked for stays. */
export interface OptionEdits {
  /** Bytes by which the maximum segment size is lowered, and below which it is not. */
  readonly lowerSegmentSize?: { readonly by: number; readonly least: number };
  /** Gives the edges of a SACK block anew: sequence numbers, unsigned. */
  readonly block?: (left: number, right: number) => readonly [number, number];
}

/**
 * Edits the options that lie in `view[start..end)`, in place.
 *
 * @returns true when anything was changed; options whose lengths are wrong are left, and all behind them
 */
export function editOptions(view: DataView, start: number, end: number, edits: OptionEdits): boolean {
  let isChanged = false;
  let at = start;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === END) break;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) break;
    if (kind === MAXIMUM_SEGMENT_SIZE && length === 4) {
      isChanged = lower(view, at + 2, edits.lowerSegmentSize) || isChanged;
    }
    if (kind === SELECTIVE_ACKNOWLEDGEMENT && edits.block !== undefined) {
      for (let block = at + 2; block + 8 <= at + length; block += 8) {
        isChanged = editBlock(view, block, edits.block) || isChanged;
      }
    }
    at += length;
  }
  return isChanged;
}

function lower(view: DataView, at: number, by: OptionEdits["lowerSegmentSize"]): boolean {
  const size = view.getUint16(at);
  if (by === undefined || size - by.by < by.least) return false;
  view.setUint16(at, size - by.by);
  return true;
}

function editBlock(view: DataView, at: number, edit: NonNullable<OptionEdits["block"]>): boolean {
  const [left, right] = [view.getUint32(at), view.getUint32(at + 4)];
  const [newLeft, newRight] = edit(left, right);
  if (newLeft === left && newRight === right) return false;
  view.setUint32(at, newLeft);
  view.setUint32(at + 4, newRight);
  return true;
}
