import { ipBehindEtherType } from "./ethernet.ts";

/** Where the IP packet begins in a frame of LINKTYPE_LINUX_SLL, what `tcpdump -i any` wrote before libpcap 1.10. */
export function ipInSll(frame: Buffer): number | undefined {
  return ipBehindEtherType(frame, 14, 16);
}

/** Where the IP packet begins in a frame of LINKTYPE_LINUX_SLL2, what `tcpdump -i any` writes now. */
export function ipInSll2(frame: Buffer): number | undefined {
  return ipBehindEtherType(frame, 0, 20);
}
