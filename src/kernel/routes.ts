import { type Address, hostOf } from "../packet/address.ts";
import { AttributeReader } from "./attribute-reader.ts";
import { AF_INET, AF_INET6 } from "./ctnetlink.ts";
import { errnoName } from "./errno.ts";
import { KernelError } from "./kernel-error.ts";
import { MessageWriter } from "./message-writer.ts";
import type { Native } from "./native.ts";
import { type MessageSpan, messages, NETLINK_ROUTE, NLMSG_HEADER } from "./netlink-message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import * as rt from "./rtnetlink.ts";
import type { Watch } from "./watch.ts";

/** Where the type stands in struct rtmsg. */
const RTMSG_TYPE = 7;

/**
 * Where a packet goes. "unicast": out by `outInterface` (an index) to `gateway`, or to its destination itself.
 * "local": to this machine, broadcast and multicast among it. "unreachable": nowhere, with the errno name
 * (EHOSTUNREACH, ENETUNREACH, EACCES for prohibit, EINVAL for a blackhole or a source that cannot be).
 */
export type Route =
  | {
      readonly kind: "unicast";
      readonly outInterface: number;
      readonly gateway: string | undefined;
      /** Source address of packets of our own that go there. */
      readonly preferredSource: string | undefined;
    }
  | { readonly kind: "local" }
  | { readonly kind: "unreachable"; readonly code: string };

/** Routes asks the kernel's own routing, policy rules included, where a packet goes. */
export class Routes {
  readonly #socket: NetlinkSocket;
  readonly #writer = new MessageWriter(256);
  readonly #errno = new Int32Array(1);

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Throws KernelError. */
  static open(native: Native): Routes {
    return new Routes(NetlinkSocket.open(native, NETLINK_ROUTE, "look up route"));
  }

  /**
   * Asks for the route of a packet. Throws KernelError when the socket fails; that there is no way is an
   * answer.
   *
   * @param source of the same family as `destination`; undefined for one yet to be chosen
   * @param inInterface index of the interface it comes in by; 0 for a packet of our own
   */
  lookup(destination: Address, source: Address | undefined, inInterface: number, mark: number): Route {
    const writer = this.#writer;
    writer.clear();
    writer.begin(rt.RTM_GETROUTE, 0);
    // struct rtmsg: family, bits of the destination, bits of the source.
    const [family, bits] = typeof destination === "number" ? [AF_INET, 32] : [AF_INET6, 128];
    writer.bytes.set([family, bits, source === undefined ? 0 : bits], writer.fixed(rt.RTMSG));
    writeAddress(writer, rt.RTA_DST, destination);
    if (source !== undefined) writeAddress(writer, rt.RTA_SRC, source);
    if (inInterface !== 0) writer.u32(rt.RTA_IIF, inInterface);
    if (mark !== 0) writer.u32(rt.RTA_MARK, mark);
    writer.end();
    const length = this.#socket.request(writer, this.#errno);
    const errno = this.#errno[0] ?? 0;
    if (errno !== 0) return { kind: "unreachable", code: errnoName(errno) };
    for (const message of messages(this.#socket.replies, length)) {
      if (message.type === rt.RTM_NEWROUTE) return decodeRoute(this.#socket.replies, message);
    }
    throw new KernelError("look up route", "EBADMSG", `no answer for ${hostOf(destination)}`);
  }

  /** Safe to call twice. */
  close(): void {
    this.#socket.close();
  }
}

function writeAddress(writer: MessageWriter, type: number, address: Address): void {
  if (typeof address === "number") writer.be32(type, address);
  else writer.address(type, type, address);
}

/** Calls `onChange` after a route or a rule came, went or changed, or such news was lost. */
export function watchRoutes(native: Native, onChange: () => void): Watch {
  return rt.watchGroups(
    native,
    [rt.RTNLGRP_IPV4_ROUTE, rt.RTNLGRP_IPV4_RULE, rt.RTNLGRP_IPV6_ROUTE, rt.RTNLGRP_IPV6_RULE],
    onChange,
  );
}

function decodeRoute(bytes: Uint8Array, message: MessageSpan): Route {
  const start = message.start + NLMSG_HEADER;
  let outInterface = 0;
  let gateway: string | undefined;
  let preferredSource: string | undefined;
  const reader = new AttributeReader(bytes, start + rt.RTMSG, message.end);
  while (reader.next()) {
    if (reader.type === rt.RTA_OIF) outInterface = reader.u32();
    if (reader.type === rt.RTA_GATEWAY) gateway = reader.address();
    if (reader.type === rt.RTA_PREFSRC) preferredSource = reader.address();
  }
  switch (bytes[start + RTMSG_TYPE]) {
    case rt.RTN_UNICAST:
      return { kind: "unicast", outInterface, gateway, preferredSource };
    case rt.RTN_LOCAL:
    case rt.RTN_BROADCAST:
    case rt.RTN_ANYCAST:
    case rt.RTN_MULTICAST:
      return { kind: "local" };
    default:
      return { kind: "unreachable", code: "EHOSTUNREACH" };
  }
}
