/** EtherTypes of a VLAN tag: IEEE 802.1Q, 802.1ad and the older 0x9100 for a tag outside another. */
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

/** Offset of the EtherType in an Ethernet frame: behind both addresses. */
const ETHERTYPE_OFFSET = 12;

/** Where the IP packet begins in an Ethernet frame, behind any VLAN tags; undefined when it carries none. */
export function ipInEthernet(frame: Buffer): number | undefined {
  return ipBehindEtherType(frame, ETHERTYPE_OFFSET, ETHERTYPE_OFFSET + 2);
}

/**
 * Where the IP packet begins that an EtherType announces.
 *
 * @param at offset of the EtherType
 * @param behind offset of what it announces: a VLAN tag and the next EtherType, or the packet
 */
export function ipBehindEtherType(frame: Buffer, at: number, behind: number): number | undefined {
  let typeAt = at;
  let next = behind;
  while (next <= frame.length && typeAt + 2 <= frame.length) {
    const type = frame.readUInt16BE(typeAt);
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return next;
    if (!VLAN_TAGS.has(type)) return undefined;
    typeAt = next + 2;
    next += 4;
  }
  return undefined;
}
