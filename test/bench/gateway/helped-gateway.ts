import { setTimeout as delay } from "node:timers/promises";
import { loadNatSip } from "../../../src/rules/nat-sip.ts";
import { Daemon, type DaemonStats, QUEUE, rules } from "../../lab/daemon.ts";
import { configured } from "../../lab/gateway-config.ts";
import { Lab, phoneAddress } from "../../lab/namespaces.ts";
import { compiled } from "./compiled.ts";
import { Ends, type Sending, type Step } from "./ends.ts";
import { type Phone, PROVIDER } from "./messages.ts";
import { busySeconds, expectationsMade, residentMegabytes } from "./usage.ts";
import { PHONE_ADDRESSES, PHONES_NETWORK, registrationAnswers, registrations, type Work } from "./work.ts";

/** What helps SIP through the gateway: nothing but NAT, the kernel's helper, a C loop that accepts, or this project. */
export const HELPERS = ["nat", "kernel", "loop", "sipexpectd"] as const;
export type Helper = (typeof HELPERS)[number];

/** A run of one work, and what it took. */
export interface Run extends Sending {
  /** Packets of those received that had all done to them that the helper is there for. */
  readonly done: number;
  /** Processor seconds of the whole machine, the ends included. */
  readonly cpu: number;
}

/**
 * Ended calls are forgotten soon, as there are thousands in a second, each with ports of its own, and calls whose end
 * was lost in a test of the limits are gone before the next one.
 */
const CONFIG = `
[table]
max_streams = 16384
[timers]
early = 2
media_idle = 10
linger = 1
`;
/** Milliseconds after which they are. */
const FORGOTTEN = 2500;
/**
 * The phones' external ports where NAT chooses them, as sipexpectd does by itself: the kernel's helper drops an INVITE
 * whose RTP port is the SIP port of another phone, and is to be measured at its best.
 */
const SIGNALLING_PORTS =
  "-t nat -I POSTROUTING -o wan0 -p udp --sport 5060 -j MASQUERADE --to-ports 5060-9999";
/** Packets a second that is slow enough for every helper. */
const SLOW = 4000;
const ATTEMPTS = 5;
/** Seconds. */
const WARM_UP = 2;

/** HelpedGateway is the lab's gateway with one helper, and the two ends that send through it. */
export class HelpedGateway {
  readonly helper: Helper;
  readonly #lab = new Lab({ phones: 1 });
  #ends: Ends | undefined;
  #daemon: Daemon | undefined;
  #pid: number | undefined;
  #work: Work | undefined;
  #isWarm = false;

  private constructor(helper: Helper) {
    this.helper = helper;
  }

  /** Builds the lab with its helper. */
  static async open(helper: Helper): Promise<HelpedGateway> {
    const gateway = new HelpedGateway(helper);
    try {
      await gateway.#build();
      return gateway;
    } catch (error) {
      gateway.close();
      throw error;
    }
  }

  /** Has the phones registered and the packets of a work at hand. */
  async take(work: Work): Promise<void> {
    this.#work = undefined;
    const phones = await this.#register();
    await this.#sendOnce([...registrationAnswers(phones), ...work.prelude(phones)]);
    await this.#load(work.packets(phones));
    // The engine that runs sipexpectd compiles what it has seen often.
    if (!this.#isWarm) await this.#atEnds.run([SLOW, WARM_UP]);
    this.#isWarm = true;
    this.#work = work;
  }

  /** Sends packets of that work at each rate for its time, one after the other without a break. */
  async run(...steps: Step[]): Promise<Run> {
    const { witness } = this.#lab;
    const [cpu, made] = [busySeconds(), expectationsMade(witness)];
    const sending = await this.#atEnds.run(...steps);
    const done = this.#done(sending, expectationsMade(witness) - made);
    return { ...sending, done, cpu: busySeconds() - cpu };
  }

  /** Waits until calls that were not ended, because packets were lost, are forgotten. */
  async forget(): Promise<void> {
    if (this.#daemon !== undefined && this.#work?.makesCalls === true) await delay(FORGOTTEN);
  }

  /** Resident memory of the helper's processes in MB, 0 where there is none. */
  get memory(): number {
    return this.#pid === undefined ? 0 : residentMegabytes(this.#pid);
  }

  /** What sipexpectd says of itself. */
  stats(): Promise<DaemonStats> {
    if (this.#daemon === undefined) throw new Error(`${this.helper} has no statistics.`);
    return this.#daemon.stats();
  }

  /** Sends sipexpectd a signal; nothing where it is not the helper. */
  signal(signal: NodeJS.Signals): void {
    if (this.#daemon !== undefined) process.kill(this.#daemon.pid, signal);
  }

  /** Ends sipexpectd; returns the process id it had, undefined where it is not the helper. */
  async stopDaemon(): Promise<number | undefined> {
    await this.#daemon?.stop();
    return this.#daemon?.pid;
  }

  close(): void {
    this.#lab.dispose();
  }

  /** What a passthrough would not have done counts as not done: addresses translated, expectations made. */
  #done({ received, leaked }: Sending, made: number): number {
    if (this.helper === "nat" || this.helper === "loop") return received;
    const translated = received - leaked;
    const needed = translated * (this.#work?.expectations ?? 0);
    // The last calls may not have been begun and ended alike.
    return made >= needed * 0.99 ? translated : Math.floor((translated * made) / needed);
  }

  async #build(): Promise<void> {
    const lab = this.#lab;
    await lab.exec("phone", "ip", "route", "add", "local", PHONES_NETWORK, "dev", "lo");
    await lab.exec("gw", "ip", "route", "add", PHONES_NETWORK, "via", phoneAddress(0));
    await lab.exec("gw", "iptables", "-w", ...SIGNALLING_PORTS.split(" "));
    this.#ends = new Ends(lab);
    await this.#help();
  }

  async #help(): Promise<void> {
    const lab = this.#lab;
    switch (this.helper) {
      case "nat":
        return;
      case "kernel": {
        if (!loadNatSip())
          throw new Error("This kernel has no nf_nat_sip, so its helper cannot be measured.");
        const rule = "-t raw -A PREROUTING -p udp --dport 5060 -j CT --helper sip";
        await lab.exec("gw", "iptables", "-w", ...rule.split(" "));
        return;
      }
      case "loop": {
        await rules(lab, "apply");
        const args = ["payload", String(QUEUE), "100000"];
        this.#pid = lab.spawn("gw", compiled(lab, "queue-loop"), args, { stdio: "ignore" }).pid;
        return;
      }
      case "sipexpectd":
        this.#daemon = await Daemon.start(lab, configured(lab, CONFIG));
        this.#pid = this.#daemon.pid;
    }
  }

  /** The first packets of all wait for neighbours to be found, and too many of them are dropped. */
  async #register(): Promise<Phone[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await this.#sendOnce(registrations);
      const ports = await this.#externalPorts();
      const phones = PHONE_ADDRESSES.map((address, index) => ({
        address,
        index,
        port: ports.get(address) ?? 0,
      }));
      if (phones.every(({ port }) => port > 0)) return phones;
    }
    throw new Error(`Not all registrations arrived, ${ATTEMPTS} times.`);
  }

  /** The ports by which the provider reaches the phones, by address. */
  async #externalPorts(): Promise<Map<string, number>> {
    const table = await this.#lab.exec("gw", "conntrack", "-L", "-p", "udp", "--orig-dst", PROVIDER);
    const entries = table.matchAll(/ src=(10\.\S+) dst=\S+ sport=5060 dport=5060 .* dport=(\d+) /g);
    return new Map([...entries].map(([, address = "", port]) => [address, Number(port)]));
  }

  async #sendOnce(packets: Parameters<Ends["load"]>[0]): Promise<void> {
    await this.#load(packets);
    // A little longer, so that the last one is sent for certain; the first ones are then sent again.
    await this.#atEnds.run([SLOW, packets.length / SLOW + 0.02]);
  }

  #load(packets: Parameters<Ends["load"]>[0]): Promise<void> {
    return this.#atEnds.load(packets);
  }

  get #atEnds(): Ends {
    if (this.#ends === undefined) throw new Error("The lab is not built.");
    return this.#ends;
  }
}
