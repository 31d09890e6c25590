import type { AttributeReader } from "./attribute-reader.ts";
import {
  CTA_PROTOINFO,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_FLAGS_ORIGINAL,
  CTA_PROTOINFO_TCP_FLAGS_REPLY,
  CTA_PROTOINFO_TCP_STATE,
  IP_CT_TCP_FLAG_BE_LIBERAL,
} from "./ctnetlink.ts";
import type { MessageWriter } from "./message-writer.ts";

/** Of enum tcp_conntrack, linux/netfilter/nf_conntrack_tcp.h. */
export const TCP_CONNTRACK_NONE = 0;
export const TCP_CONNTRACK_SYN_RECV = 2;
export const TCP_CONNTRACK_ESTABLISHED = 3;

/** What a TCP conntrack remembers beyond its tuples. */
export interface TcpState {
  /** enum tcp_conntrack: 0 none, 1 SYN_SENT, 3 ESTABLISHED. */
  readonly state: number;
  /** True when the kernel judges no sequence number of the flow (IP_CT_TCP_FLAG_BE_LIBERAL, both directions). */
  readonly liberal: boolean;
}

/** Writes CTA_PROTOINFO. */
export function encodeTcpState(writer: MessageWriter, tcp: TcpState): void {
  const info = writer.beginNest(CTA_PROTOINFO);
  const nest = writer.beginNest(CTA_PROTOINFO_TCP);
  writer.u8(CTA_PROTOINFO_TCP_STATE, tcp.state);
  if (tcp.liberal) encodeLiberalFlags(writer);
  writer.endNest(nest);
  writer.endNest(info);
}

/** Writes CTA_PROTOINFO so that an existing entry is liberal from now on; its state stays. */
export function encodeLiberal(writer: MessageWriter): void {
  const info = writer.beginNest(CTA_PROTOINFO);
  const nest = writer.beginNest(CTA_PROTOINFO_TCP);
  encodeLiberalFlags(writer);
  writer.endNest(nest);
  writer.endNest(info);
}

function encodeLiberalFlags(writer: MessageWriter): void {
  // struct nf_ct_tcp_flags: the flags, then the mask of flags that are set by them.
  const flags = Uint8Array.of(IP_CT_TCP_FLAG_BE_LIBERAL, IP_CT_TCP_FLAG_BE_LIBERAL);
  writer.binary(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, flags);
  writer.binary(CTA_PROTOINFO_TCP_FLAGS_REPLY, flags);
}

/** Reads the CTA_PROTOINFO `reader` stands on; undefined for a protocol other than TCP. */
export function decodeTcpState(reader: AttributeReader): TcpState | undefined {
  const info = reader.nested();
  while (info.next()) {
    if (info.type !== CTA_PROTOINFO_TCP) continue;
    let state = 0;
    let liberal = 0;
    for (const tcp = info.nested(); tcp.next(); ) {
      if (tcp.type === CTA_PROTOINFO_TCP_STATE) state = tcp.u8();
      if (tcp.type === CTA_PROTOINFO_TCP_FLAGS_ORIGINAL || tcp.type === CTA_PROTOINFO_TCP_FLAGS_REPLY) {
        // struct nf_ct_tcp_flags: the flags are the first of its two bytes.
        if (((tcp.be16() >>> 8) & IP_CT_TCP_FLAG_BE_LIBERAL) !== 0) liberal++;
      }
    }
    return { state, liberal: liberal === 2 };
  }
  return undefined;
}
