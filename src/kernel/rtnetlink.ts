import type { Native } from "./native.ts";
import { NETLINK_ROUTE } from "./netlink-message.ts";
import type { Watch } from "./watch.ts";

/** The numbers of rtnetlink, under the kernel's own names: linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h. */

export const RTM_NEWLINK = 16;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26;

/** Bytes of struct ifinfomsg: family u8, pad u8, type u16, index i32, flags u32, change u32. */
export const IFINFOMSG = 16;
/** Bytes of struct ifaddrmsg: family u8, prefixlen u8, flags u8, scope u8, index u32. */
export const IFADDRMSG = 8;
/** Bytes of struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, all u8; flags u32. */
export const RTMSG = 12;

export const IFF_UP = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_FLAGS = 8;
export const IFA_F_SECONDARY = 0x01;
export const IFA_F_OPTIMISTIC = 0x04;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_DEPRECATED = 0x20;
export const IFA_F_TENTATIVE = 0x40;

export const RTA_DST = 1;
export const RTA_SRC = 2;
export const RTA_IIF = 3;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PREFSRC = 7;
export const RTA_MARK = 16;

/** Route types. */
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_ANYCAST = 4;
export const RTN_MULTICAST = 5;

/** enum rtnetlink_groups. */
export const RTNLGRP_LINK = 1;
export const RTNLGRP_IPV4_IFADDR = 5;
export const RTNLGRP_IPV4_ROUTE = 7;
export const RTNLGRP_IPV4_RULE = 8;
export const RTNLGRP_IPV6_IFADDR = 9;
export const RTNLGRP_IPV6_ROUTE = 11;
export const RTNLGRP_IPV6_RULE = 19;

/**
 * Calls `onChange` after something in `groups` has changed: once for all that is announced together, and once when
 * announcements were lost, so the listener reads anew what it keeps and asks not what it was.
 */
export function watchGroups(native: Native, groups: readonly number[], onChange: () => void): Watch {
  const socket = native.netlink_open(NETLINK_ROUTE, 256 << 10);
  native.netlink_subscribe(socket, Uint32Array.from(groups), Buffer.alloc(64 << 10), onChange);
  return { close: () => native.netlink_close(socket) };
}
