import { KernelError } from "./kernel-error.ts";
import type { MessageWriter } from "./message-writer.ts";
import type { Native, NetlinkHandle } from "./native.ts";
import { type MessageSpan, messages } from "./netlink-message.ts";

/** Room for the ACKs of a full batch: the kernel queues them all before `sendmsg` returns. */
const RECEIVE_BUFFER = 4 << 20;
/** A dump is read in pieces of at most this; the kernel makes none larger (NLMSG_GOODSIZE, 32 KiB at most). */
const REPLY_BUFFER = 64 << 10;

/** NetlinkSocket is one netlink socket for requests that are answered at once. */
export class NetlinkSocket {
  /** Where the answers to the last request lie, as `messages` walks them. */
  readonly replies = Buffer.alloc(REPLY_BUFFER);
  readonly #native: Native;
  readonly #handle: NetlinkHandle;
  readonly #protocol: number;
  readonly #op: string;

  private constructor(native: Native, handle: NetlinkHandle, protocol: number, op: string) {
    this.#native = native;
    this.#handle = handle;
    this.#protocol = protocol;
    this.#op = op;
  }

  /**
   * Opens a socket of `protocol` (NETLINK_NETFILTER, NETLINK_ROUTE); `op` names its purpose in errors.
   *
   * Throws KernelError: EPROTONOSUPPORT when the kernel has no such protocol.
   */
  static open(native: Native, protocol: number, op: string): NetlinkSocket {
    try {
      return new NetlinkSocket(native, native.netlink_open(protocol, RECEIVE_BUFFER), protocol, op);
    } catch (error) {
      throw KernelError.from(`open ${op}`, error);
    }
  }

  /**
   * Sends the messages in `writer` and waits for all their ACKs, one errno (0 or positive) each in `errnos`.
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

  /**
   * Sends the dump request in `writer` on a socket of its own, so that other requests may run while the dump is
   * being read, and yields its messages; `bytes` holds each one until the next is asked for.
   *
   * Throws KernelError EINTR when the kernel's table changed so that the dump is incomplete (NLM_F_DUMP_INTR).
   */
  *dump(writer: MessageWriter): Generator<{ readonly bytes: Uint8Array; readonly message: MessageSpan }> {
    const socket = NetlinkSocket.open(this.#native, this.#protocol, this.#op);
    try {
      this.#native.netlink_dump(socket.#handle, writer.bytes.subarray(0, writer.length));
      for (;;) {
        const length = this.#native.netlink_dump_next(socket.#handle, socket.replies);
        if (length === 0) return;
        if (length < 0)
          throw new KernelError(this.#op, "EINTR", "the table changed while it was being dumped");
        for (const message of messages(socket.replies, length)) yield { bytes: socket.replies, message };
      }
    } catch (error) {
      throw KernelError.from(this.#op, error);
    } finally {
      socket.close();
    }
  }

  /** Safe to call twice. */
  close(): void {
    this.#native.netlink_close(this.#handle);
  }
}
