/** CapturedPacket is one frame of a capture file. */
export interface CapturedPacket {
  /** Nanoseconds since 1970-01-01 UTC. */
  readonly time: bigint;
  /** LINKTYPE_* number: what the frame begins with. */
  readonly linkType: number;
  /** As many bytes of the frame as were captured; a view of the file's. */
  readonly bytes: Buffer;
}

/** CaptureError says which file cannot be used, or not from which byte on, why, and what to do about it. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";

  /** @param offset of the byte from which it cannot be read; undefined when it is the file as a whole */
  constructor(file: string, offset: number | undefined, fault: string, remedy: string) {
    super(`${file}: ${offset === undefined ? "" : `offset ${offset}: `}${fault}; ${remedy}`);
  }
}

/** What to do about a file that ends within a packet, as when its capture was killed. */
export const CUT_REMEDY = "packets before it are whole, `tcpdump -r FILE -w NEW` copies those";

/** What to do about a file whose lengths contradict each other. */
export const DAMAGED_REMEDY = "the file is damaged, so copy it again or capture anew";

/** No frame is longer: MAXIMUM_SNAPLEN of libpcap, in bytes. */
export const LONGEST_FRAME = 262_144;
