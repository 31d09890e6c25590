import { loadNatSip } from "../../src/rules/nat-sip.ts";
import { Daemon } from "./daemon.ts";
import { holdMachineSetting } from "./machine-setting.ts";
import type { Lab } from "./namespaces.ts";

/** What helps SIP through the gateway: this project, the kernel's own helper, or nothing but NAT. */
export type HelperKind = "sipexpectd" | "kernel" | "none";
export const HELPER_KINDS: readonly HelperKind[] = ["sipexpectd", "kernel", "none"];

/** A helper at work. */
export interface AttachedHelper {
  /** Present when it is sipexpectd. */
  readonly daemon?: Daemon;
  /** Takes away what outlives the lab; call it before Lab.dispose. */
  readonly detach: () => Promise<void>;
}

/** pino's number for warnings; errors have higher ones. */
const WARN = 40;
const DIRECT_MEDIA = "/sys/module/nf_conntrack_sip/parameters/sip_direct_media";

/** Attaches a helper to the lab's gateway. */
export async function attachHelper(lab: Lab, kind: HelperKind): Promise<AttachedHelper> {
  switch (kind) {
    case "sipexpectd": {
      const daemon = await Daemon.start(lab);
      const detach = async () => {
        await daemon.stop();
        const warnings = daemon.log.filter(({ level }) => level >= WARN);
        for (const line of warnings.slice(0, 10))
          process.stderr.write(`sipexpectd: ${JSON.stringify(line)}\n`);
        if (warnings.length > 10) process.stderr.write(`sipexpectd: ${warnings.length - 10} more warnings\n`);
      };
      return { daemon, detach };
    }
    case "kernel":
      return { detach: await attachKernelHelper(lab) };
    case "none":
      return { detach: () => Promise.resolve() };
  }
}

/** nf_conntrack_sip as an admin attaches it, with media allowed from other addresses than the signalling's. */
async function attachKernelHelper(lab: Lab): Promise<() => Promise<void>> {
  if (!loadNatSip()) throw new Error("This kernel has no nf_nat_sip, so --helper kernel cannot be shown.");
  // With its default the kernel's helper lets no provider's media in that has an address of its own; it is to be
  // measured at its best.
  const restore = await holdMachineSetting(DIRECT_MEDIA, 0);
  for (const transport of ["udp", "tcp"]) {
    const rule = `-t raw -A PREROUTING -p ${transport} --dport 5060 -j CT --helper sip`;
    await lab.exec("gw", "iptables", "-w", ...rule.split(" "));
  }
  return () => {
    restore();
    return Promise.resolve();
  };
}
