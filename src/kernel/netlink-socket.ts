import { KernelError } from "./kernel-error.ts";
import type { MessageWriter } from "./message-writer.ts";
import type { Native, NetlinkHandle } from "./native.ts";

/** Room for the answers to a full batch, of which each may fail: the kernel queues them before `sendmsg` returns. */
const RECEIVE_BUFFER = 4 << 20;
/** Room for the answers to all GETs of one request. */
const REPLY_BUFFER = 16 << 10;

/** NetlinkSocket is one netlink socket for requests that are answered at once. */
export class NetlinkSocket {
  /** Where the answers to the last request lie, as `messages` walks them. */
  readonly replies = Buffer.alloc(REPLY_BUFFER);
  readonly #native: Native;
  readonly #handle: NetlinkHandle;
  readonly #op: string;

  private constructor(native: Native, handle: NetlinkHandle, op: string) {
    this.#native = native;
    this.#handle = handle;
    this.#op = op;
  }

  /**
   * Opens a socket of `protocol` (NETLINK_NETFILTER, NETLINK_ROUTE); `op` names its purpose in errors.
   *
   * Throws KernelError: EPROTONOSUPPORT when the kernel has no such protocol.
   */
  static open(native: Native, protocol: number, op: string): NetlinkSocket {
    try {
      return new NetlinkSocket(native, native.netlink_open(protocol, RECEIVE_BUFFER), op);
    } catch (error) {
      throw KernelError.from(`${op}: open a netlink socket`, error);
    }
  }

  /**
   * Sends the messages in `writer` and waits until the kernel has done them all; each has its errno (0 or positive) in
   * `errnos`. Failures are told unasked, so only the last of a send is acknowledged.
   *
   * @returns bytes of answers in `replies`; throws KernelError when the socket itself failed
   */
  request(writer: MessageWriter, errnos: Int32Array): number {
    try {
      return this.#native.netlink_request(this.#handle, writer.bytes, writer.length, errnos, this.replies);
    } catch (error) {
      throw KernelError.from(this.#op, error);
    }
  }

  /** The port id by which the kernel knows it. */
  get port(): number {
    return this.#native.netlink_port(this.#handle);
  }

  /** Safe to call twice. */
  close(): void {
    this.#native.netlink_close(this.#handle);
  }
}
