import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import type { Lab, Machine } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";
import type { ScriptCommand, ScriptReport } from "./script-program.ts";

/** Milliseconds after which a datagram that has not come is missing. */
const PATIENCE = 5000;

/** A datagram as it arrived: its source as "host:port", its payload with one latin1 character per byte. */
export interface Arrival {
  readonly source: string;
  readonly text: string;
}

/** ScriptMachine opens UDP addresses on one machine of the lab, in one process for all of them. */
export class ScriptMachine {
  readonly #stdin: Writable;
  readonly #ends = new Map<string, ScriptEnd>();
  readonly #opening = new Map<string, (end: ScriptEnd) => void>();

  constructor(lab: Lab, machine: Machine) {
    const { stdin, stdout } = lab.spawn(
      machine,
      process.execPath,
      [builtFile("test/lab/script-program.ts")],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    if (!stdin || !stdout)
      throw new Error("The script's program was started without standard input and output.");
    this.#stdin = stdin;
    createInterface({ input: stdout }).on("line", (line) => this.#receive(JSON.parse(line) as ScriptReport));
  }

  /** Binds "host:port" and resolves once it can receive. */
  open(at: string): Promise<ScriptEnd> {
    return new Promise((resolve) => {
      this.#opening.set(at, resolve);
      this.#say({ kind: "open", at });
    });
  }

  #say(command: ScriptCommand): void {
    this.#stdin.write(`${JSON.stringify(command)}\n`);
  }

  #receive(report: ScriptReport): void {
    const { at } = report;
    if (report.kind === "arrived") {
      this.#ends.get(at)?.arrived({ source: report.source, text: report.payload });
      return;
    }
    const end = new ScriptEnd(at, (to, payload) => this.#say({ kind: "send", at, to, payload }));
    this.#ends.set(at, end);
    this.#opening.get(at)?.(end);
  }
}

/** ScriptEnd is one UDP address that sends what the test says, and nothing by itself. */
export class ScriptEnd {
  /** "host:port". */
  readonly address: string;
  readonly #send: (to: string, payload: string) => void;
  readonly #arrived: Arrival[] = [];
  readonly #waiting: ((arrival: Arrival) => void)[] = [];

  constructor(address: string, send: (to: string, payload: string) => void) {
    this.address = address;
    this.#send = send;
  }

  /** Sends one datagram to "host:port". */
  send(to: string, payload: string): void {
    this.#send(to, payload);
  }

  /** The next datagram, in order of arrival; rejects, naming this end, when none comes within 5 seconds. */
  next(): Promise<Arrival> {
    const first = this.#arrived.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new Error(`Nothing arrived at ${this.address} within ${PATIENCE} ms.`));
      }, PATIENCE);
      const take = (arrival: Arrival): void => {
        clearTimeout(timer);
        resolve(arrival);
      };
      this.#waiting.push(take);
    });
  }

  /** Takes in what arrived; called by the ScriptMachine. */
  arrived(arrival: Arrival): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(arrival);
    else waiting(arrival);
  }
}

let packets = 0;

/**
 * Sends one media datagram from an end to "host:port".
 *
 * @returns where `receiver` saw it come from; rejects when that got nothing, or another datagram
 */
export async function mediaSource(sender: ScriptEnd, to: string, receiver: ScriptEnd): Promise<string> {
  const payload = `media ${packets++}`;
  sender.send(to, payload);
  const { source, text } = await receiver.next();
  if (text !== payload) throw new Error(`${receiver.address} got "${text}" where "${payload}" was sent.`);
  return source;
}
