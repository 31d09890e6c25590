import { type CapturedPacket, CaptureError } from "./captured-packet.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { isPcapng, readPcapng } from "./pcapng.ts";

/** The first two bytes of what gzip wrote (RFC 1952 §2.3.1). */
const GZIP = 0x1f8b;

/**
 * Reads the packets of a capture file, pcap or pcapng, one after another.
 *
 * @param file its name, for errors
 * @param bytes all of it
 * @throws CaptureError, also after packets: those before the fault have been given out by then
 */
export function readCapture(file: string, bytes: Buffer): Generator<CapturedPacket, void> {
  const remedy = "give a pcap or pcapng file, as tcpdump -w and Wireshark write it";
  if (bytes.length < 4)
    throw new CaptureError(file, undefined, `${bytes.length} bytes are no capture`, remedy);
  const magic = bytes.readUInt32BE(0);
  if (isPcap(magic)) return readPcap(file, bytes);
  if (isPcapng(magic)) return readPcapng(file, bytes);
  if (magic >>> 16 === GZIP) {
    throw new CaptureError(file, undefined, "the file is compressed", "unpack it with gunzip");
  }
  const found = bytes.toString("hex", 0, 4);
  throw new CaptureError(file, undefined, `a file that begins with ${found} is no capture`, remedy);
}
