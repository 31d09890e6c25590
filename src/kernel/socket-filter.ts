import type { PortRange } from "../packet/port-range.ts";
import {
  CT_NEW,
  CTA_PROTO_DST_PORT,
  CTA_STATUS,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  EXP_DELETE,
  IPS_EXPECTED,
  NFGENMSG,
} from "./ctnetlink.ts";
import { LITTLE_ENDIAN, NLA_HEADER, NLMSG_HEADER } from "./netlink-message.ts";

/** Classic BPF, linux/bpf_common.h: the instructions used here, each with its mode. */
const LD_IMMEDIATE = 0x00;
const LDX_IMMEDIATE = 0x01;
const LD_WORD_ABSOLUTE = 0x20;
const LD_HALF_ABSOLUTE = 0x28;
const LD_HALF_INDIRECT = 0x48;
const LD_WORD_INDIRECT = 0x40;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const JUMP_IF_BITS_SET = 0x45;
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

/** Offset of nlmsg_type in struct nlmsghdr. */
const MESSAGE_TYPE = 4;
/** Offset of nlmsg_pid: in an event, whose request it comes of; 0 when it comes of none. */
const MESSAGE_PORT = 12;

/**
 * Returns the program that lets through, of all events of connection tracking: deleted expectations; entries made or
 * ended that an expectation had waited for (IPS_EXPECTED); and entries ended whose original destination port is in
 * one of `ranges`. The kernel runs it for every event, so uninteresting ones cost no wake-up.
 *
 * @param requester netlink port id of a socket; what ends by its request, with destination port 0, is not let through
 * Throws RangeError for more ranges than a jump can cross (80).
 */
export function tableEventFilter(ranges: readonly PortRange[], requester?: number): Uint8Array {
  if (ranges.length > 80) throw new RangeError(`${ranges.length} port ranges, at most 80 are possible`);
  const program: Instruction[] = [
    [LD_HALF_ABSOLUTE, 0, 0, MESSAGE_TYPE],
    [JUMP_IF_EQUAL, 0, 1, loadedHalf(EXP_DELETE)],
    [RETURN, 0, 0, ACCEPT],
  ];
  const find = (type: number, how: number) => {
    program.push([LDX_IMMEDIATE, 0, 0, type], [LD_WORD_ABSOLUTE, 0, 0, how]);
    program.push([JUMP_IF_EQUAL, 0, 1, 0], [RETURN, 0, 0, REJECT]);
  };
  program.push([LD_IMMEDIATE, 0, 0, NLMSG_HEADER + NFGENMSG]);
  find(CTA_STATUS, FIND_ATTRIBUTE);
  program.push([A_TO_X, 0, 0, 0], [LD_WORD_INDIRECT, 0, 0, NLA_HEADER]);
  program.push([JUMP_IF_BITS_SET, 0, 1, IPS_EXPECTED], [RETURN, 0, 0, ACCEPT]);
  program.push([LD_HALF_ABSOLUTE, 0, 0, MESSAGE_TYPE]);
  program.push([JUMP_IF_EQUAL, 0, 1, loadedHalf(CT_NEW)], [RETURN, 0, 0, REJECT]);
  program.push([LD_IMMEDIATE, 0, 0, NLMSG_HEADER + NFGENMSG]);
  find(CTA_TUPLE_ORIG, FIND_ATTRIBUTE);
  find(CTA_TUPLE_PROTO, FIND_NESTED);
  find(CTA_PROTO_DST_PORT, FIND_NESTED);
  program.push([A_TO_X, 0, 0, 0], [LD_HALF_INDIRECT, 0, 0, NLA_HEADER]);
  if (requester !== undefined) {
    program.push([JUMP_IF_EQUAL, 0, 4, 0], [LD_WORD_ABSOLUTE, 0, 0, MESSAGE_PORT]);
    program.push([JUMP_IF_EQUAL, 0, 1, loadedWord(requester)], [RETURN, 0, 0, REJECT]);
    program.push([RETURN, 0, 0, ACCEPT]);
  }
  for (const { first, last } of ranges) {
    program.push([JUMP_IF_GREATER_OR_EQUAL, 0, 2, first], [JUMP_IF_GREATER, 1, 0, last]);
    program.push([RETURN, 0, 0, ACCEPT]);
  }
  program.push([RETURN, 0, 0, REJECT]);
  return assemble(program);
}

/** BPF loads a half word in network byte order; netlink's headers are in the host's. */
function loadedHalf(value: number): number {
  return LITTLE_ENDIAN ? ((value & 0xff) << 8) | (value >> 8) : value;
}

function loadedWord(value: number): number {
  return LITTLE_ENDIAN ? ((loadedHalf(value & 0xffff) << 16) | loadedHalf(value >>> 16)) >>> 0 : value;
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
