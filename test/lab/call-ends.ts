import { joinAddress } from "./ip-address.ts";
import {
  type Lab,
  PROVIDER_HOSTS,
  PROVIDER_HOSTS_IPV6,
  phoneAddress,
  phoneIpv6Address,
} from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";

/** The hosts of a call, by family: the phone, the provider's signalling and its media. */
const HOSTS = {
  ipv4: [phoneAddress(0), ...PROVIDER_HOSTS],
  ipv6: [phoneIpv6Address(0), ...PROVIDER_HOSTS_IPV6],
} as const;
/** Where the lab's phone and its provider send and read SIP and media, and their machines, for more ends on them. */
export interface CallEnds {
  readonly phone: ScriptEnd;
  readonly phoneMedia: ScriptEnd;
  readonly provider: ScriptEnd;
  readonly providerMedia: ScriptEnd;
  readonly inside: ScriptMachine;
  readonly outside: ScriptMachine;
}

/**
 * Opens the four ends of a call. The phone's media port is one that the gateway keeps for signalling, so that outside
 * it has another: where the two were the same, plain NAT would do as well.
 */
export async function openCallEnds(lab: Lab, family: "ipv4" | "ipv6" = "ipv4"): Promise<CallEnds> {
  const [caller, callee, mediaServer] = HOSTS[family];
  const inside = new ScriptMachine(lab, "phone");
  const outside = new ScriptMachine(lab, "prov");
  const [phone, phoneMedia, provider, providerMedia] = await Promise.all([
    inside.open(joinAddress(caller, 5060)),
    inside.open(joinAddress(caller, 6000)),
    outside.open(joinAddress(callee, 5060)),
    outside.open(joinAddress(mediaServer, 7000)),
  ]);
  return { phone, phoneMedia, provider, providerMedia, inside, outside };
}
