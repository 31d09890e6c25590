import { spawnSync } from "node:child_process";
import { builtFile } from "./package-root.ts";

/** What a finished command left behind. */
export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let gateways = 0;

/**
 * RulesGateway is a network namespace to try rules in: interface wan0 leads to a second namespace, the
 * provider's; lan0 and lan1 lead to each other. It starts without any rule.
 */
export class RulesGateway {
  readonly #gateway = `rules-${process.pid}-${gateways++}`;
  readonly #provider = `${this.#gateway}-prov`;

  constructor() {
    try {
      run("ip", ["netns", "add", this.#gateway]);
      run("ip", ["netns", "add", this.#provider]);
      // Neighbour discovery would be counted in the rules' counters.
      for (const name of [this.#gateway, this.#provider]) {
        run("ip", ["netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"]);
      }
      run("ip", ["-n", this.#gateway, "link", "add", "lan0", "type", "veth", "peer", "name", "lan1"]);
      const ends = ["link", "add", "wan0", "type", "veth", "peer", "name", "prov0", "netns", this.#provider];
      run("ip", ["-n", this.#gateway, ...ends]);
      run("ip", ["-n", this.#gateway, "addr", "add", "203.0.113.1/24", "dev", "wan0"]);
      run("ip", ["-n", this.#provider, "addr", "add", "203.0.113.2/24", "dev", "prov0"]);
      run("ip", ["-n", this.#gateway, "link", "set", "wan0", "up"]);
      run("ip", ["-n", this.#provider, "link", "set", "prov0", "up"]);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Runs a command that must succeed, with `input` on its standard input; returns its standard output. */
  exec(command: readonly string[], input = ""): string {
    return run("ip", ["netns", "exec", this.#gateway, ...command], input);
  }

  /** Runs `sipexpectd rules ...` to its end, however that is. */
  rules(...args: string[]): Finished {
    const command = [process.execPath, builtFile("src/cli/main.ts"), "rules", ...args];
    return finish("ip", ["netns", "exec", this.#gateway, ...command]);
  }

  /** The whole ruleset with its policy counters, as each tool lists it; only the dates are left out. */
  ruleset(): { nft: string; iptablesNft: string; iptablesLegacy: string; ip6tablesLegacy: string } {
    const withoutDates = (text: string) => text.replace(/^# (Generated|Completed) .*\n/gm, "");
    return {
      nft: this.exec(["nft", "list", "ruleset"]),
      iptablesNft: withoutDates(this.exec(["iptables-nft-save"])),
      iptablesLegacy: withoutDates(this.exec(["iptables-legacy-save"])),
      ip6tablesLegacy: withoutDates(this.exec(["ip6tables-legacy-save"])),
    };
  }

  /** Sends one UDP datagram from the provider's address to the gateway's for each [source, destination] port. */
  receive(ports: readonly (readonly [number, number])[]): void {
    const script = `
      const { createSocket } = require("node:dgram");
      for (const [source, destination] of ${JSON.stringify(ports)}) {
        const socket = createSocket({ type: "udp4", reuseAddr: true });
        socket.bind(source, "203.0.113.2", () =>
          socket.send("x", destination, "203.0.113.1", () => socket.close()));
      }`;
    run("ip", ["netns", "exec", this.#provider, process.execPath, "-e", script]);
  }

  dispose(): void {
    for (const name of [this.#gateway, this.#provider]) finish("ip", ["netns", "del", name]);
  }
}

function run(command: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = finish(command, args, input);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

function finish(command: string, args: readonly string[], input = ""): Finished {
  const result = spawnSync(command, args, { encoding: "utf8", input });
  if (result.error !== undefined) throw result.error;
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}
