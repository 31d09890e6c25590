import { existsSync, readFileSync } from "node:fs";
import { tryCommand } from "./command.ts";

/**
 * Loads nf_nat_sip unless the kernel has it already. It is attached to nothing: our expectations only borrow its
 * function "sip", which rewrites the addresses of an expected flow's first packet (nf_nat_sip.c,
 * nf_nat_sip_expected).
 *
 * @returns false when this kernel has no such module, so that creating those expectations will fail
 */
export function loadNatSip(): boolean {
  return (
    existsSync("/sys/module/nf_nat_sip") ||
    tryCommand("modprobe", ["nf_nat_sip"])?.status === 0 ||
    isBuiltIn()
  );
}

/** True when its code is part of the kernel image: without parameters it then has no folder in /sys/module. */
function isBuiltIn(): boolean {
  try {
    return readFileSync("/proc/kallsyms", "latin1").includes(" nf_nat_sip_expected");
  } catch {
    // A kernel without CONFIG_KALLSYMS cannot tell; the caller's warning then says what to look at.
    return false;
  }
}
