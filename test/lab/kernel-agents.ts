import { KernelAgent } from "./kernel-agent-client.ts";
import type { Lab } from "./namespaces.ts";

/** KernelAgents is an agent of the kernel on each machine of a lab. */
export class KernelAgents {
  readonly gateway: KernelAgent;
  readonly inside: KernelAgent;
  readonly outside: KernelAgent;

  private constructor(lab: Lab) {
    this.gateway = new KernelAgent(lab, "gw");
    this.inside = new KernelAgent(lab, "phone");
    this.outside = new KernelAgent(lab, "prov");
  }

  /** Starts them, and leaves the gateway no conntrack of an earlier test. */
  static async start(lab: Lab): Promise<KernelAgents> {
    await lab.exec("gw", "conntrack", "-F");
    return new KernelAgents(lab);
  }

  async close(): Promise<void> {
    await Promise.all([this.gateway, this.inside, this.outside].map((agent) => agent.close()));
  }
}
