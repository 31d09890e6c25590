import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Lab } from "../../lab/namespaces.ts";
import { compiled } from "./compiled.ts";
import { EXTERNAL } from "./messages.ts";
import { encodePackets, type Packet } from "./packet-file.ts";
import { PHONES_PREFIX } from "./work.ts";

/** Packets a second, for so many seconds. */
export type Step = readonly [rate: number, seconds: number];

/** Packets that were sent in one tenth of a second, those that arrived, and that did within 50 ms. */
export type Bin = readonly [sent: number, received: number, prompt: number];

/** What became of the packets that were sent in a run. */
export interface Sending {
  readonly sent: number;
  readonly received: number;
  /** Of those received: what shows an address that translation would have replaced. */
  readonly leaked: number;
  /** Of those received: what had arrived when the last one was sent. */
  readonly within: number;
  /** Microseconds from one end to the other: the median, 99 and 99.9 of a hundred, and the longest. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
  /** Of each tenth of a second. */
  readonly bins: readonly Bin[];
}

/** Ends is sip-load at work: the phones and the provider of a lab, which send and count. */
export class Ends {
  readonly #lab: Lab;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(lab: Lab) {
    this.#lab = lab;
    const provider = `/var/run/netns/${lab.namespace("prov")}`;
    const args = [provider, PHONES_PREFIX, `${EXTERNAL}:`];
    this.#child = lab.spawn("phone", compiled(lab, "gateway/sip-load"), args, {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!this.#child.stdout) throw new Error("sip-load has no standard output.");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Takes these packets to send from now on, in turn. */
  async load(packets: readonly Packet[]): Promise<void> {
    const file = join(this.#lab.directory, "packets");
    writeFileSync(file, encodePackets(packets));
    await this.#ask(`load ${file}`);
  }

  /** Sends at each rate for its time, one after the other without a break, and waits for the last packets. */
  async run(...steps: Step[]): Promise<Sending> {
    return JSON.parse(await this.#ask(`run ${steps.flat().join(" ")}`)) as Sending;
  }

  async #ask(command: string): Promise<string> {
    this.#child.stdin?.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`sip-load ended at "${command}".`);
    return value;
  }
}
