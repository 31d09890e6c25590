import { ipv4ToNumber, numberToIpv4 } from "./ipv4.ts";

const COLON = 0x3a;
const GROUPS = 8;

/**
 * Reads an IPv6 literal without brackets or zone, in any form of RFC 4291 §2.2.
 *
 * @returns its 16 bytes in network order, or undefined when `text` is no IPv6 literal
 */
export function parseIpv6(text: string): Uint8Array | undefined {
  const length = text.length;
  if (length < 2 || length > 45) return undefined;
  const groups = new Uint16Array(GROUPS);
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined;
    gap = 0;
    at = 2;
  }
  while (at < length) {
    const end = groupEnd(text, at);
    if (end < length && text.charCodeAt(end) !== COLON) {
      // Not a group of hexadecimal digits: only a dotted quad at the very end may stand here.
      const tail = ipv4ToNumber(text.slice(at));
      if (tail === undefined || count > GROUPS - 2) return undefined;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      break;
    }
    if (end === at || end - at > 4 || count === GROUPS) return undefined;
    groups[count++] = Number.parseInt(text.slice(at, end), 16);
    at = end;
    if (at === length) break;
    at++;
    if (at === length) return undefined;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== GROUPS : count >= GROUPS) return undefined;
  const bytes = new Uint8Array(2 * GROUPS);
  const shift = GROUPS - count;
  for (let from = 0; from < count; from++) {
    const to = gap >= 0 && from >= gap ? from + shift : from;
    const group = groups[from] ?? 0;
    bytes[2 * to] = group >>> 8;
    bytes[2 * to + 1] = group & 255;
  }
  return bytes;
}

/**
 * Writes the 16 bytes at `offset` in the canonical form of RFC 5952: lower case, no leading zeros, the first
 * longest run of two or more zero groups as "::", and an IPv4-mapped address with its dotted quad (§5).
 */
export function formatIpv6(bytes: Uint8Array, offset = 0): string {
  const groups: number[] = [];
  for (let at = offset; at < offset + 16; at += 2)
    groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  const [start, length] = longestZeroRun(groups);
  if (start === 0 && length === 5 && groups[5] === 0xffff) {
    return `::ffff:${numberToIpv4((((groups[6] ?? 0) << 16) | (groups[7] ?? 0)) >>> 0)}`;
  }
  if (length < 2) return hexadecimal(groups);
  return `${hexadecimal(groups.slice(0, start))}::${hexadecimal(groups.slice(start + length))}`;
}

/**
 * True for an address that hosts of other links can send to: global unicast (RFC 4291 §2.4, as far as it is assigned,
 * 2000::/3) or unique local (RFC 4193, fc00::/7).
 *
 * @param host canonical
 */
export function isRoutableIpv6(host: string): boolean {
  // In both, the first group has four digits.
  if (host.charCodeAt(4) !== COLON) return false;
  const first = host[0];
  return first === "2" || first === "3" || (first === "f" && (host[1] === "c" || host[1] === "d"));
}

function groupEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isHexadecimalDigit(text.charCodeAt(at))) at++;
  return at;
}

function isHexadecimalDigit(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
    if (end > start) start = end;
  }
  return best;
}

function hexadecimal(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}
