import type { MessageWriter } from "./message-writer.ts";

/**
 * The numbers of ctnetlink, under the kernel's own names: linux/netfilter/nfnetlink.h,
 * linux/netfilter/nfnetlink_conntrack.h and linux/netfilter/nf_conntrack_common.h.
 */

/** AF_INET of linux/socket.h. */
export const AF_INET = 2;
/** AF_INET6 of linux/socket.h. */
export const AF_INET6 = 10;

/** NFNL_SUBSYS_CTNETLINK: the high byte of a message type. */
export const NFNL_SUBSYS_CTNETLINK = 1;
/** NFNL_SUBSYS_CTNETLINK_EXP. */
export const NFNL_SUBSYS_CTNETLINK_EXP = 2;
/** Bytes of struct nfgenmsg: family u8, version u8, resource id u16. */
export const NFGENMSG = 4;

/** IPCTNL_MSG_CT_* of enum cntl_msg_types, with their subsystem. */
export const CT_NEW = (NFNL_SUBSYS_CTNETLINK << 8) | 0;
export const CT_GET = (NFNL_SUBSYS_CTNETLINK << 8) | 1;
export const CT_DELETE = (NFNL_SUBSYS_CTNETLINK << 8) | 2;
/** IPCTNL_MSG_EXP_* of enum ctnl_exp_msg_types, with their subsystem. */
export const EXP_NEW = (NFNL_SUBSYS_CTNETLINK_EXP << 8) | 0;
export const EXP_GET = (NFNL_SUBSYS_CTNETLINK_EXP << 8) | 1;
export const EXP_DELETE = (NFNL_SUBSYS_CTNETLINK_EXP << 8) | 2;

/** Multicast groups of enum nfnetlink_groups. */
export const NFNLGRP_CONNTRACK_NEW = 1;
export const NFNLGRP_CONNTRACK_DESTROY = 3;
export const NFNLGRP_CONNTRACK_EXP_DESTROY = 6;

/** enum ctattr_type: attributes of a conntrack. */
export const CTA_TUPLE_ORIG = 1;
export const CTA_TUPLE_REPLY = 2;
export const CTA_STATUS = 3;
export const CTA_PROTOINFO = 4;
export const CTA_HELP = 5;
export const CTA_NAT_SRC = 6;
export const CTA_TIMEOUT = 7;
export const CTA_MARK = 8;
export const CTA_ID = 12;
export const CTA_NAT_DST = 13;
export const CTA_TUPLE_MASTER = 14;
export const CTA_SEQ_ADJ_ORIG = 15;
export const CTA_SEQ_ADJ_REPLY = 16;
export const CTA_FILTER = 25;

/** enum ctattr_tuple. */
export const CTA_TUPLE_IP = 1;
export const CTA_TUPLE_PROTO = 2;
/** enum ctattr_ip. */
export const CTA_IP_V4_SRC = 1;
export const CTA_IP_V4_DST = 2;
export const CTA_IP_V6_SRC = 3;
export const CTA_IP_V6_DST = 4;
/** enum ctattr_l4proto. */
export const CTA_PROTO_NUM = 1;
export const CTA_PROTO_SRC_PORT = 2;
export const CTA_PROTO_DST_PORT = 3;

/** enum ctattr_protoinfo and enum ctattr_protoinfo_tcp. */
export const CTA_PROTOINFO_TCP = 1;
export const CTA_PROTOINFO_TCP_STATE = 1;
export const CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4;
export const CTA_PROTOINFO_TCP_FLAGS_REPLY = 5;
/** IP_CT_TCP_FLAG_BE_LIBERAL of linux/netfilter/nf_conntrack_tcp.h: sequence numbers are not judged. */
export const IP_CT_TCP_FLAG_BE_LIBERAL = 0x08;

/** enum ctattr_nat and enum ctattr_protonat. */
export const CTA_NAT_V4_MINIP = 1;
export const CTA_NAT_PROTO = 3;
export const CTA_NAT_V6_MINIP = 4;
export const CTA_PROTONAT_PORT_MIN = 1;
export const CTA_PROTONAT_PORT_MAX = 2;

/** enum ctattr_seqadj. */
export const CTA_SEQADJ_CORRECTION_POS = 1;
export const CTA_SEQADJ_OFFSET_BEFORE = 2;
export const CTA_SEQADJ_OFFSET_AFTER = 3;
/** enum ctattr_help. */
export const CTA_HELP_NAME = 1;
/** enum ctattr_filter, and the CTA_FILTER_F_* bits of net/netfilter/nf_internals.h. */
export const CTA_FILTER_ORIG_FLAGS = 1;
export const CTA_FILTER_REPLY_FLAGS = 2;
export const CTA_FILTER_F_CTA_PROTO_NUM = 1 << 3;
export const CTA_FILTER_F_CTA_PROTO_DST_PORT = 1 << 5;

/** enum ctattr_expect: attributes of an expectation. */
export const CTA_EXPECT_MASTER = 1;
export const CTA_EXPECT_TUPLE = 2;
export const CTA_EXPECT_MASK = 3;
export const CTA_EXPECT_TIMEOUT = 4;
export const CTA_EXPECT_ID = 5;
export const CTA_EXPECT_HELP_NAME = 6;
export const CTA_EXPECT_FLAGS = 8;
export const CTA_EXPECT_CLASS = 9;
export const CTA_EXPECT_NAT = 10;
export const CTA_EXPECT_FN = 11;
/** enum ctattr_expect_nat. */
export const CTA_EXPECT_NAT_DIR = 1;
export const CTA_EXPECT_NAT_TUPLE = 2;

/** enum ip_conntrack_status. */
export const IPS_EXPECTED = 1 << 0;
export const IPS_SEEN_REPLY = 1 << 1;
export const IPS_ASSURED = 1 << 2;
export const IPS_CONFIRMED = 1 << 3;

/** Starts a ctnetlink message: struct nlmsghdr, then struct nfgenmsg with `family`, version 0, no resource. */
export function beginCtnetlink(writer: MessageWriter, type: number, flags: number, family: number): void {
  writer.begin(type, flags);
  // The family is the first of four bytes; the others are zero.
  writer.view.setUint32(writer.take(NFGENMSG), family << 24);
}
