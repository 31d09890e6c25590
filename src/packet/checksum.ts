/**
 * Adds up `view[start..end)` as 16-bit words in network order, a last odd byte being padded with zero (RFC 1071 §1).
 *
 * Reads 32 bits at a time, which the one's complement sum allows (RFC 1071 §2). The result is not yet folded, so
 * sums of several ranges that start at even distances may be added; it is exact up to 2^53, 8 MiB of data.
 */
export function sumWords(view: DataView, start: number, end: number): number {
  let sum = 0;
  let at = start;
  for (; at + 3 < end; at += 4) sum += view.getUint32(at);
  if (at + 1 < end) {
    sum += view.getUint16(at);
    at += 2;
  }
  if (at < end) sum += view.getUint8(at) * 256;
  return sum;
}

/** Folds a sum of {@link sumWords} into the 16-bit Internet checksum (RFC 1071 §1). */
export function checksumOf(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}
