import type { Lab } from "./namespaces.ts";

/** Has the gateway's conntracks of UDP end after so many seconds of silence. */
export async function setUdpTimeouts(lab: Lab, seconds: number): Promise<void> {
  const settings = ["udp_timeout", "udp_timeout_stream"].map(
    (name) => `net.netfilter.nf_conntrack_${name}=${seconds}`,
  );
  await lab.exec("gw", "sysctl", "-qw", ...settings);
}
