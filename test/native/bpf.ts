/** BPF_LD|BPF_W|BPF_LEN, BPF_JMP|BPF_JGT|BPF_K and BPF_RET|BPF_K of linux/bpf_common.h. */
const [BPF_LENGTH, BPF_GREATER, BPF_RETURN] = [0x80, 0x25, 0x06];

/** One struct sock_filter. */
function instruction(code: number, k: number, jumpIfTrue = 0, jumpIfFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes[2] = jumpIfTrue;
  bytes[3] = jumpIfFalse;
  bytes.writeUInt32LE(k, 4);
  return bytes;
}

/** A BPF program that passes no message. */
export const NOTHING_PASSES = instruction(BPF_RETURN, 0);

/** A BPF program that passes messages longer than `bytes`. */
export function longerPass(bytes: number): Buffer {
  const program = [
    instruction(BPF_LENGTH, 0),
    instruction(BPF_GREATER, bytes, 0, 1),
    instruction(BPF_RETURN, 0xffff_ffff),
    NOTHING_PASSES,
  ];
  return Buffer.concat(program);
}
