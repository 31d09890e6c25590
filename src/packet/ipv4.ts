const DOT = 0x2e;
const ZERO = 0x30;

/**
 * Reads a dotted quad strictly, as inet_pton(3) does: four decimal numbers up to 255, no leading zeros.
 *
 * @returns the address as an unsigned 32-bit number in host byte order (192.0.2.1 is 0xc0000201), or undefined
 * when `text` is no IPv4 literal
 */
export function ipv4ToNumber(text: string): number | undefined {
  const length = text.length;
  if (length < 7 || length > 15) return undefined;
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return undefined;
      address = address * 256 + octet;
      octet = -1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || octet === 0) return undefined;
    octet = octet < 0 ? digit : octet * 10 + digit;
    if (octet > 255) return undefined;
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined;
}

/** Writes an address given as an unsigned 32-bit number in host byte order as a dotted quad. */
export function numberToIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
