import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.ts";
import { isAlive } from "./machine-setting.ts";

/** The lab's three machines: the phones', the gateway, the providers'. */
export type Machine = "phone" | "gw" | "prov";
const MACHINES = ["phone", "gw", "prov"] as const;
const PREFIX = "sipx";

/** The gateway's two interfaces and their addresses. */
export const INSIDE_INTERFACE = "lan0";
export const OUTSIDE_INTERFACE = "wan0";
export const GATEWAY_INSIDE = "192.168.50.1";
export const GATEWAY_OUTSIDE = "203.0.113.1";
/** The providers' addresses: signalling and media of the first provider, then of the second. */
export const PROVIDER_HOSTS = ["203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5"] as const;

/** The same machines' IPv6 addresses, in a lab that has any. */
export const GATEWAY_INSIDE_IPV6 = "2001:db8:50::1";
export const GATEWAY_OUTSIDE_IPV6 = "2001:db8:113::1";
export const PROVIDER_HOSTS_IPV6 = ["2001:db8:113::2", "2001:db8:113::3"] as const;

/** What a lab is built with. */
export interface LabOptions {
  /** Phones, each with its own address from 192.168.50.10 up. */
  readonly phones: number;
  /** False routes without NAT and forwards everything: to test the load generator itself. Default true. */
  readonly nat?: boolean;
  /**
   * The FORWARD rules behind policy DROP, each as iptables takes it. Default: what a careful admin writes
   * (INVALID dropped, ESTABLISHED and RELATED accepted, everything from the inside accepted).
   */
  readonly forward?: readonly string[];
  /** True gives every machine an IPv6 address as well, and the gateway the same FORWARD rules for them. */
  readonly ipv6?: boolean;
}

const CAREFUL_FORWARD = [
  "-m conntrack --ctstate INVALID -j DROP",
  "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
  `-i ${INSIDE_INTERFACE} -o ${OUTSIDE_INTERFACE} -j ACCEPT`,
];

/** A command that failed in the lab, with what it wrote to its standard error. */
export class LabCommandError extends Error {
  override readonly name = "LabCommandError";
}

/** The address of the phone of that index, from 0: 192.168.50.10 and on, carried into 192.168.51 and beyond. */
export function phoneAddress(index: number): string {
  const host = 50 * 256 + 10 + index;
  return `192.168.${host >> 8}.${host & 255}`;
}

/** The IPv6 address of the phone of that index, from 0. */
export function phoneIpv6Address(index: number): string {
  return `2001:db8:50::${(index + 10).toString(16)}`;
}

let labs = 0;

/**
 * Lab is three network namespaces, a home or office gateway between its phones and their providers.
 *
 * Its names carry this process's id, so any number of labs live side by side; dispose() removes every trace,
 * and so does the end of the process. What a killed process left behind is removed by the next Lab.
 */
export class Lab {
  /** A folder of this lab's own, for sockets, logs and generated configuration. */
  readonly directory: string;
  /** A process on the gateway that does nothing: /proc/<witness>/net is the gateway's, without entering it. */
  readonly witness: number;
  readonly #name: string;
  readonly #children = new Set<ChildProcess>();
  readonly #undo: () => void;

  constructor(options: LabOptions) {
    requireRoot();
    removeAbandoned();
    this.#name = `${PREFIX}-${process.pid}-${labs++}`;
    this.directory = mkdtempSync(join(tmpdir(), `${this.#name}-`));
    this.#undo = atExit(() => this.#remove());
    try {
      this.#build(options);
      const { pid } = this.spawn("gw", "sleep", ["infinity"], { stdio: "ignore" });
      if (!pid) throw new LabCommandError("on gw: sleep infinity: cannot be started");
      this.witness = pid;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** The name of a machine's namespace, as `ip netns` knows it. */
  namespace(machine: Machine): string {
    return `${this.#name}-${machine}`;
  }

  /**
   * Runs a command on a machine to its end.
   *
   * @returns its standard output
   * Throws LabCommandError when it cannot be started or exits with another status than 0.
   */
  exec(machine: Machine, command: string, ...args: string[]): Promise<string> {
    const options = { encoding: "utf8", maxBuffer: 64 << 20 } as const;
    return new Promise((resolve, reject) => {
      execFile(
        "ip",
        ["netns", "exec", this.namespace(machine), command, ...args],
        options,
        (error, out, err) => {
          if (!error) return resolve(out);
          const said = err.trim() || out.trim() || error.message;
          reject(
            new LabCommandError(`on ${machine}: ${[command, ...args].join(" ")}: ${said}`, { cause: error }),
          );
        },
      );
    });
  }

  /** Starts a command on a machine; it is killed when the lab is disposed of. */
  spawn(
    machine: Machine,
    command: string,
    args: readonly string[],
    options: SpawnOptions = {},
  ): ChildProcess {
    // ip-netns(8) becomes the command by exec, so the child's pid is the command's own.
    const child = spawn("ip", ["netns", "exec", this.namespace(machine), command, ...args], options);
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  /** Kills every process of the lab, removes its namespaces and its folder; safe to call twice. */
  dispose(): void {
    this.#undo();
  }

  #build({ phones, nat = true, forward = nat ? CAREFUL_FORWARD : ["-j ACCEPT"], ipv6 }: LabOptions): void {
    // 192.168.50.0/24 has room for 240 phones beside the gateway; more of them get 192.168.48.0/20.
    const insideLength = phones <= 240 ? 24 : 20;
    const [phone, gw, prov] = MACHINES.map((machine) => this.namespace(machine)) as [string, string, string];
    const phoneAddresses = Array.from(
      { length: phones },
      (_, i) => `addr add ${phoneAddress(i)}/${insideLength} dev eth0`,
    );
    const hosts = PROVIDER_HOSTS.map((host) => `addr add ${host}/24 dev eth0`);

    for (const name of [phone, gw, prov]) {
      run(["ip", "netns", "add", name]);
      // Duplicate address detection takes a second, in which a router's neighbours do not answer it.
      if (ipv6 === true)
        run(["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"]);
    }
    ip(undefined, [
      `link add eth0 netns ${phone} type veth peer name ${INSIDE_INTERFACE} netns ${gw}`,
      `link add eth0 netns ${prov} type veth peer name ${OUTSIDE_INTERFACE} netns ${gw}`,
    ]);
    ip(phone, [
      ...phoneAddresses,
      "link set lo up",
      "link set eth0 up",
      `route add default via ${GATEWAY_INSIDE}`,
    ]);
    ip(prov, [...hosts, "link set lo up", "link set eth0 up"]);
    ip(gw, [
      "link set lo up",
      `addr add ${GATEWAY_INSIDE}/${insideLength} dev ${INSIDE_INTERFACE}`,
      `addr add ${GATEWAY_OUTSIDE}/24 dev ${OUTSIDE_INTERFACE}`,
      `link set ${INSIDE_INTERFACE} up`,
      `link set ${OUTSIDE_INTERFACE} up`,
    ]);
    const exec = (line: string) => run(["ip", "netns", "exec", gw, ...line.split(" ")]);
    exec("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1");
    if (nat) exec(`iptables -w -t nat -A POSTROUTING -o ${OUTSIDE_INTERFACE} -j MASQUERADE`);
    else ip(prov, [`route add 192.168.48.0/20 via ${GATEWAY_OUTSIDE}`]);
    exec("iptables -w -P FORWARD DROP");
    for (const rule of forward) exec(`iptables -w -A FORWARD ${rule}`);
    if (ipv6 === true) this.#addIpv6(phones, forward);
  }

  #addIpv6(phones: number, forward: readonly string[]): void {
    const add = (address: string, device: string) => `addr add ${address}/64 dev ${device}`;
    ip(this.namespace("phone"), [
      ...Array.from({ length: phones }, (_, index) => add(phoneIpv6Address(index), "eth0")),
      `route add ::/0 via ${GATEWAY_INSIDE_IPV6}`,
    ]);
    ip(this.namespace("prov"), [
      ...PROVIDER_HOSTS_IPV6.map((host) => add(host, "eth0")),
      `route add ::/0 via ${GATEWAY_OUTSIDE_IPV6}`,
    ]);
    const gw = this.namespace("gw");
    ip(gw, [add(GATEWAY_INSIDE_IPV6, INSIDE_INTERFACE), add(GATEWAY_OUTSIDE_IPV6, OUTSIDE_INTERFACE)]);
    const exec = (line: string) => run(["ip", "netns", "exec", gw, ...line.split(" ")]);
    exec("sysctl -qw net.ipv6.conf.all.forwarding=1");
    exec("ip6tables -w -P FORWARD DROP");
    for (const rule of forward) exec(`ip6tables -w -A FORWARD ${rule}`);
  }

  #remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const machine of MACHINES) removeNamespace(this.namespace(machine));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Removes what labs of processes that are no more left behind: they were killed before they could. */
function removeAbandoned(): void {
  const isAbandoned = (name: string) => {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  };
  const namespaces = execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).split(/\s+/);
  for (const name of namespaces.filter(isAbandoned)) removeNamespace(name);
  for (const name of readdirSync(tmpdir()).filter(isAbandoned)) {
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function removeNamespace(name: string): void {
  const names = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
  if (!names.split("\n").some((line) => line.split(" ")[0] === name)) return;
  for (const pid of execFileSync("ip", ["netns", "pids", name], { encoding: "utf8" }).split("\n")) {
    if (pid && isAlive(Number(pid))) process.kill(Number(pid), "SIGKILL");
  }
  execFileSync("ip", ["netns", "del", name]);
}

function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new Error("The lab makes network namespaces and needs root; run it with sudo.");
}

function run([command = "", ...args]: readonly string[], input = ""): void {
  try {
    execFileSync(command, args, { input, stdio: ["pipe", "pipe", "pipe"] });
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new LabCommandError(`${[command, ...args].join(" ")}: ${said}`, { cause });
  }
}

/** One ip(8) process for many lines: 400 phones are 400 addresses. */
function ip(namespace: string | undefined, lines: readonly string[]): void {
  const inside = namespace ? ["-n", namespace] : [];
  run(["ip", ...inside, "-batch", "-"], `${lines.join("\n")}\n`);
}
