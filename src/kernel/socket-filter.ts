import { CTA_PROTO_DST_PORT, CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, NFGENMSG } from "./ctnetlink.ts";
import { LITTLE_ENDIAN, NLA_HEADER, NLMSG_HEADER } from "./netlink-message.ts";

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Classic BPF, linux/bpf_common.h: the instructions used here, each with its mode. */
const LD_IMMEDIATE = 0x00;
const LDX_IMMEDIATE = 0x01;
const LD_WORD_ABSOLUTE = 0x20;
const LD_HALF_INDIRECT = 0x48;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;
const A_TO_X = 0x07;
/** SKF_AD_NLATTR of linux/filter.h: finds the attribute of type X from offset A on; A is its offset, or 0. */
const FIND_ATTRIBUTE = 0xfffff000 + 12;
/** SKF_AD_NLATTR_NEST: the same among the attributes nested in the one at offset A. */
const FIND_NESTED = 0xfffff000 + 16;
const ACCEPT = 0xffffffff;
const REJECT = 0;

/** struct sock_filter: code u16, jump if true u8, jump if false u8, k u32. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/**
 * Returns the program that lets a ctnetlink message through only when the destination port of its original tuple is
 * in one of `ranges`. The kernel runs it for every event, so uninteresting ones cost no wake-up.
 *
 * Throws RangeError for more ranges than a jump can cross (80).
 */
export function destinationPortFilter(ranges: readonly PortRange[]): Uint8Array {
  if (ranges.length > 80) throw new RangeError(`${ranges.length} port ranges, at most 80 are possible`);
  const program: Instruction[] = [[LD_IMMEDIATE, 0, 0, NLMSG_HEADER + NFGENMSG]];
  const find = (type: number, how: number) => {
    program.push([LDX_IMMEDIATE, 0, 0, type], [LD_WORD_ABSOLUTE, 0, 0, how]);
    program.push([JUMP_IF_EQUAL, 0, 1, 0], [RETURN, 0, 0, REJECT]);
  };
  find(CTA_TUPLE_ORIG, FIND_ATTRIBUTE);
  find(CTA_TUPLE_PROTO, FIND_NESTED);
  find(CTA_PROTO_DST_PORT, FIND_NESTED);
  program.push([A_TO_X, 0, 0, 0], [LD_HALF_INDIRECT, 0, 0, NLA_HEADER]);
  for (const { first, last } of ranges) {
    program.push([JUMP_IF_GREATER_OR_EQUAL, 0, 2, first], [JUMP_IF_GREATER, 1, 0, last]);
    program.push([RETURN, 0, 0, ACCEPT]);
  }
  program.push([RETURN, 0, 0, REJECT]);
  return assemble(program);
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    view.setUint16(8 * index, code, LITTLE_ENDIAN);
    view.setUint8(8 * index + 2, jumpTrue);
    view.setUint8(8 * index + 3, jumpFalse);
    view.setUint32(8 * index + 4, k, LITTLE_ENDIAN);
  });
  return bytes;
}
