import { KernelError } from "./kernel-error.ts";
import type { MessageWriter } from "./message-writer.ts";
import { DUMP_BYTES, type Native } from "./native.ts";
import { type MessageSpan, messages } from "./netlink-message.ts";

const RECEIVE_BUFFER = 1 << 20;
/** Times a dump is tried that a change of the table interrupts. */
const ATTEMPTS = 5;

/** One message of a dump; `bytes` holds it until the next is asked for. */
export interface DumpedMessage {
  readonly bytes: Uint8Array;
  readonly message: MessageSpan;
}

/**
 * Sends the dump request in `writer` on a socket of its own and yields the answer's messages.
 *
 * Throws KernelError: EINTR when the table changed so that the dump is incomplete (NLM_F_DUMP_INTR).
 *
 * @param op what is being dumped, for errors: "dump routes"
 */
export function* dump(
  native: Native,
  protocol: number,
  op: string,
  writer: MessageWriter,
): Generator<DumpedMessage> {
  try {
    const socket = native.netlink_open(protocol, RECEIVE_BUFFER);
    try {
      native.netlink_dump(socket, writer.bytes.subarray(0, writer.length));
      const bytes = Buffer.alloc(DUMP_BYTES);
      for (;;) {
        const length = native.netlink_dump_next(socket, bytes);
        if (length === 0) return;
        if (length < 0) throw new KernelError(op, "EINTR", "the table changed while it was being dumped");
        for (const message of messages(bytes, length)) yield { bytes, message };
      }
    } finally {
      native.netlink_close(socket);
    }
  } catch (error) {
    throw KernelError.from(op, error);
  }
}

/** Collects a whole dump, trying again while it is interrupted. */
export function dumpAll<Entry>(start: () => Iterable<Entry>): Entry[] {
  for (let attempt = 1; ; attempt++) {
    try {
      return [...start()];
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== "EINTR" || attempt === ATTEMPTS) throw error;
    }
  }
}
