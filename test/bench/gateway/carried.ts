import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadNatSip } from "../../../src/rules/nat-sip.ts";
import { Daemon, QUEUE } from "../../lab/daemon.ts";
import { configured } from "../../lab/gateway-config.ts";
import { INSIDE_INTERFACE, Lab, OUTSIDE_INTERFACE, phoneAddress } from "../../lab/namespaces.ts";
import { builtFile, packageRoot } from "../../lab/package-root.ts";
import { usageOf } from "../../lab/process-usage.ts";
import { Program } from "./program.ts";
import { encodePackets, type Packet, PHONES_NETWORK, PROVIDER, registrations, type Work } from "./work.ts";

/** What helps SIP through the gateway: nothing but NAT, the kernel's helper, a C loop that accepts, or this project. */
export const HELPERS = ["nat", "kernel", "loop", "sipexpectd"] as const;
export type Helper = (typeof HELPERS)[number];

/** What became of the packets of one burst. */
export interface Burst {
  readonly sent: number;
  readonly received: number;
  /** Microseconds from sender to receiver: the median, 99 and 99.9 of a hundred, and the longest. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
  /** Processor seconds of the whole machine, the ends included. */
  readonly cpu: number;
}

/** Forgets calls soon, so that one burst's are gone when the next begins; the bench holds no call longer. */
const CONFIG = `
[timers]
early = 2
linger = 1
`;
/** Packets a second that sending the registrations takes: slow enough for every helper. */
const REGISTERING = 2000;
const ATTEMPTS = 5;
/** Milliseconds in which the fullest queue is empty, so that no burst finds the last one's packets. */
const DRAIN = 1000;

/** Gateway is the lab's gateway with one helper, between two ends that send and count as fast as they can. */
export class Gateway {
  readonly #lab: Lab;
  readonly #helper: Helper;
  readonly #load: string;
  readonly #queueLoop: string;
  #daemon: Daemon | undefined;

  private constructor(helper: Helper) {
    this.#lab = new Lab({ phones: 1 });
    this.#helper = helper;
    this.#load = compiled(this.#lab, "gateway/sip-load");
    this.#queueLoop = compiled(this.#lab, "queue-loop");
  }

  /** Builds the lab with its helper, and has the phones known. */
  static async open(helper: Helper): Promise<Gateway> {
    const gateway = new Gateway(helper);
    await gateway.#build();
    return gateway;
  }

  /** Sends packets of `work` at `rate` a second for a second, and counts what arrives. */
  async burst(work: Work, rate: number): Promise<Burst> {
    if (work.once) await this.#forget();
    const ports = work.sender === "prov" ? await this.#externalPorts() : [];
    return this.#send(work.sender, work.packets(ports), rate, 1);
  }

  /** Resident memory of the helper's process in MB, 0 where there is none. */
  get memory(): number {
    return this.#daemon === undefined ? 0 : usageOf(this.#daemon.pid).peakRss;
  }

  close(): void {
    this.#lab.dispose();
  }

  async #build(): Promise<void> {
    const lab = this.#lab;
    await lab.exec("phone", "ip", "route", "add", "local", PHONES_NETWORK, "dev", "lo");
    await lab.exec("gw", "ip", "route", "add", PHONES_NETWORK, "via", phoneAddress(0));
    if (this.#helper === "kernel") {
      if (!loadNatSip()) throw new Error("This kernel has no nf_nat_sip, so its helper cannot be measured.");
      const rule = "-t raw -A PREROUTING -p udp --dport 5060 -j CT --helper sip";
      await lab.exec("gw", "iptables", "-w", ...rule.split(" "));
    }
    if (this.#helper === "loop") {
      const interfaces = ["--inside", INSIDE_INTERFACE, "--outside", OUTSIDE_INTERFACE];
      const rules = ["rules", "apply", ...interfaces, "--queue", String(QUEUE)];
      await lab.exec("gw", process.execPath, builtFile("src/cli/main.ts"), ...rules);
      lab.spawn("gw", this.#queueLoop, ["payload", String(QUEUE), "100000"], { stdio: "ignore" });
    }
    if (this.#helper === "sipexpectd") this.#daemon = await Daemon.start(lab, configured(lab, CONFIG));
    await this.#register();
  }

  async #forget(): Promise<void> {
    if (this.#helper === "kernel") await this.#lab.exec("gw", "conntrack", "-F");
    if (this.#daemon === undefined) return;
    await this.#daemon.stop();
    this.#daemon = await Daemon.restart(this.#lab, configured(this.#lab, CONFIG));
  }

  /** The first packets of all wait for neighbours to be found, and too many of them are dropped. */
  async #register(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { received } = await this.#send("phone", registrations, REGISTERING, 1);
      if (received >= REGISTERING * (1 - 1 / registrations.length)) return;
    }
    throw new Error(`Not all registrations arrived, ${ATTEMPTS} times.`);
  }

  /** The ports by which the provider reaches the phones. */
  async #externalPorts(): Promise<number[]> {
    const table = await this.#lab.exec("gw", "conntrack", "-L", "-p", "udp", "--orig-dst", PROVIDER);
    return [...table.matchAll(/ src=10\..* dport=(\d+) \[?/g)].map(([, port]) => Number(port));
  }

  async #send(
    sender: "phone" | "prov",
    packets: readonly Packet[],
    rate: number,
    seconds: number,
  ): Promise<Burst> {
    const file = join(this.#lab.directory, "packets");
    writeFileSync(file, encodePackets(packets));
    const receiver = new Program(this.#lab, sender === "phone" ? "prov" : "phone", this.#load, [
      "count",
      "5060",
    ]);
    await receiver.line();
    const before = busySeconds();
    const sent = Number(
      await this.#lab.exec(sender, this.#load, "send", file, String(rate), String(seconds)),
    );
    await delay(DRAIN);
    const cpu = busySeconds() - before;
    receiver.stop();
    const counted = JSON.parse(await receiver.line()) as Omit<Burst, "sent" | "cpu">;
    return { ...counted, sent, cpu };
  }
}

function compiled(lab: Lab, name: string): string {
  const program = join(lab.directory, name.replace("/", "-"));
  const source = join(packageRoot(), "test/bench", `${name}.c`);
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-o", program, source]);
  return program;
}

/** Processor seconds all of the machine has worked since it began (proc_stat(5)). */
function busySeconds(): number {
  const [, user, nice, system, idle, wait, irq, softirq] = (
    /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[0] ?? ""
  )
    .split(/ +/)
    .map(Number);
  void idle;
  void wait;
  return [user, nice, system, irq, softirq].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / 100;
}
