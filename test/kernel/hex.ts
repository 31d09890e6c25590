import { MessageWriter } from "../../src/kernel/message-writer.ts";
import { messages } from "../../src/kernel/netlink-message.ts";

/** Bytes of a message that conntrack(8) or the kernel wrote, given in hexadecimal. */
export function fromHex(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s+/g, ""), "hex");
}

/** Four bytes a line, as netlink aligns them, so that a mismatch shows where it is. */
export function toLines(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return (hex.match(/.{1,8}/g) ?? [])
    .map((four, line) => `${String(4 * line).padStart(4)}: ${four}`)
    .join("\n");
}

/** The message that `encode` writes, with NLM_F_ACK set, as the addon does before it sends. */
export function encoded(encode: (writer: MessageWriter) => void): Buffer {
  const writer = new MessageWriter(1024);
  encode(writer);
  const message = Buffer.from(writer.bytes.subarray(0, writer.length));
  message.writeUInt16LE(message.readUInt16LE(6) | 0x004, 6);
  return message;
}

/** The message as it is, but for its sequence number, which is the sender's own. */
export function unnumbered(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0, 8, 12);
  return copy;
}

/** Where the only message of `bytes` lies. */
export function onlyMessage(bytes: Uint8Array): { type: number; start: number; end: number } {
  const [message, more] = [...messages(bytes, bytes.length)];
  if (message === undefined || more !== undefined) throw new Error("not exactly one message");
  return message;
}
