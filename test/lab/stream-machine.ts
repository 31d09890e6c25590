import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import type { Lab, Machine } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";
import type { StreamCommand, StreamReport } from "./stream-program.ts";

/** Milliseconds after which what has not come is missing. */
const PATIENCE = 8000;

/** StreamMachine opens TCP connections on one machine of the lab, in one process for all of them. */
export class StreamMachine {
  readonly #stdin: Writable;
  readonly #reports: StreamReport[] = [];
  readonly #listeners = new Set<() => void>();
  #connections = 0;

  constructor(lab: Lab, machine: Machine) {
    const program = [builtFile("test/lab/stream-program.ts")];
    const options = { stdio: ["pipe", "pipe", "inherit"] } as const;
    const { stdin, stdout } = lab.spawn(machine, process.execPath, program, { stdio: [...options.stdio] });
    if (!stdin || !stdout)
      throw new Error("The stream program was started without standard input and output.");
    this.#stdin = stdin;
    createInterface({ input: stdout }).on("line", (line) => {
      this.#reports.push(JSON.parse(line) as StreamReport);
      for (const listener of this.#listeners) listener();
    });
  }

  /** Listens at "host:port". */
  async listen(at: string): Promise<void> {
    this.#say({ kind: "listen", at });
    await this.#find(`listening at ${at}`, (report) => report.kind === "listening" && report.at === at);
  }

  /** Connects from "host" (of IPv4) or "host:port" to "host:port"; rejects, with the reason, when that is refused. */
  async connect(from: string, to: string): Promise<StreamEnd> {
    const id = `connection ${this.#connections++}`;
    this.#say({ kind: "connect", id, from, to });
    const found = await this.#find(
      `connection to ${to}`,
      (report) => report.kind !== "listening" && report.id === id,
    );
    if (found.kind !== "open")
      throw new Error(`No connection from ${from} to ${to}: ${JSON.stringify(found)}`);
    return this.#end(found);
  }

  /** The next connection that is made to "host:port", where this machine listens. */
  async accept(at: string): Promise<StreamEnd> {
    const found = await this.#find(
      `a connection to ${at}`,
      (report) => report.kind === "open" && report.at === at,
    );
    if (found.kind !== "open") throw new Error(`${at} has not been connected to.`);
    return this.#end(found);
  }

  /** Ends the machine's program, and with it all that listens or is connected. */
  stop(): void {
    this.#stdin.end();
  }

  #end({ id, local, remote }: Extract<StreamReport, { kind: "open" }>): StreamEnd {
    return {
      local,
      remote,
      write: (payload) => this.#say({ kind: "write", id, payload }),
      close: () => this.#say({ kind: "close", id }),
      read: (length) => this.#read(id, local, (text) => text.length >= length),
      message: () => this.#read(id, local, isWhole),
    };
  }

  async #read(id: string, local: string, isEnough: (text: string) => boolean): Promise<string> {
    let text = "";
    while (!isEnough(text)) {
      const found = await this.#find(
        `more at ${local}, after:\n${text}\n`,
        (report) => report.kind === "read" && report.id === id,
      );
      if (found.kind === "read") text += found.payload;
    }
    return text;
  }

  #say(command: StreamCommand): void {
    this.#stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** Takes the first report that matches; rejects when none comes. */
  #find(what: string, matches: (report: StreamReport) => boolean): Promise<StreamReport> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const index = this.#reports.findIndex(matches);
        const found = index < 0 ? undefined : this.#reports.splice(index, 1)[0];
        if (found === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        reject(new Error(`Within ${PATIENCE} ms there was no ${what}.`));
      }, PATIENCE);
      this.#listeners.add(look);
      look();
    });
  }
}

/** One end of a TCP connection. Addresses are "host:port", payloads one latin1 character per byte. */
export interface StreamEnd {
  readonly local: string;
  readonly remote: string;
  /** Sends bytes: as a segment of their own when all before is acknowledged (Nagle's algorithm, RFC 9293 §3.7.4). */
  write(payload: string): void;
  close(): void;
  /** What has come, as soon as it has so many bytes; rejects when it does not come. */
  read(length: number): Promise<string>;
  /** What has come, as soon as it is a whole message. */
  message(): Promise<string>;
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n") + 4;
  const length = /^Content-Length: (\d+)\r$/m.exec(text.slice(0, head))?.[1];
  return head > 4 && length !== undefined && text.length >= head + Number(length);
}
