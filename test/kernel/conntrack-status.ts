/** Bits of enum ip_conntrack_status that the kernel sets and the daemon never looks at. */
export const IPS_SRC_NAT = 1 << 4;
export const IPS_DST_NAT = 1 << 5;
export const IPS_SEQ_ADJUST = 1 << 6;
export const IPS_HELPER = 1 << 13;
