import { numberToIpv4 } from "../packet/ipv4.ts";
import { AttributeReader } from "./attribute-reader.ts";
import { AF_INET } from "./ctnetlink.ts";
import { errnoName } from "./errno.ts";
import { KernelError } from "./kernel-error.ts";
import { MessageWriter } from "./message-writer.ts";
import type { Native } from "./native.ts";
import { messages, NETLINK_ROUTE, NLMSG_HEADER } from "./netlink-message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

/** RTM_GETROUTE of linux/rtnetlink.h. */
const RTM_GETROUTE = 26;
/** Bytes of struct rtmsg; its type is the eighth. */
const RTMSG = 12;
const RTMSG_TYPE = 7;
/** enum rtattr_type_t of linux/rtnetlink.h. */
const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_IIF = 3;
const RTA_OIF = 4;
const RTA_MARK = 16;
/** RTN_UNICAST and RTN_LOCAL of linux/rtnetlink.h. */
const RTN_UNICAST = 1;
const RTN_LOCAL = 2;

/** Where a packet goes: out of an interface (its index), to this host itself, or nowhere. */
export type Route =
  | { readonly kind: "unicast"; readonly outInterface: number }
  | { readonly kind: "local" }
  | { readonly kind: "unreachable"; readonly code: string };

/** Routes asks the kernel how it would route a packet, policy rules and marks included. */
export class Routes {
  readonly #socket: NetlinkSocket;
  readonly #writer = new MessageWriter(256);
  readonly #errno = new Int32Array(1);

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Throws KernelError when there is no rtnetlink. */
  static open(native: Native): Routes {
    return new Routes(NetlinkSocket.open(native, NETLINK_ROUTE, "look up route"));
  }

  /**
   * The route of an IPv4 packet that comes in by an interface.
   *
   * @param destination unsigned number in host byte order, as is `source`
   * @param inInterface index
   */
  lookup(destination: number, source: number, inInterface: number, mark: number): Route {
    const writer = this.#writer;
    writer.clear();
    writer.begin(RTM_GETROUTE, 0);
    const at = writer.fixed(RTMSG);
    writer.bytes[at] = AF_INET;
    writer.bytes[at + 1] = 32;
    writer.bytes[at + 2] = 32;
    writer.be32(RTA_DST, destination);
    writer.be32(RTA_SRC, source);
    writer.u32(RTA_IIF, inInterface);
    if (mark !== 0) writer.u32(RTA_MARK, mark);
    writer.end();
    const length = this.#socket.request(writer, this.#errno);
    const errno = this.#errno[0] ?? 0;
    if (errno !== 0) return { kind: "unreachable", code: errnoName(errno) };
    return this.#read(length, destination);
  }

  close(): void {
    this.#socket.close();
  }

  #read(length: number, destination: number): Route {
    const bytes = this.#socket.replies;
    for (const message of messages(bytes, length)) {
      const type = bytes[message.start + NLMSG_HEADER + RTMSG_TYPE];
      if (type === RTN_LOCAL) return { kind: "local" };
      if (type !== RTN_UNICAST) return { kind: "unreachable", code: "EHOSTUNREACH" };
      const reader = new AttributeReader(bytes, message.start + NLMSG_HEADER + RTMSG, message.end);
      while (reader.next())
        if (reader.type === RTA_OIF) return { kind: "unicast", outInterface: reader.u32() };
    }
    throw new KernelError("look up route", "EBADMSG", `no answer for ${numberToIpv4(destination)}`);
  }
}
