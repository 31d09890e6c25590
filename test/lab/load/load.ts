import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { type Lab, PROVIDER_HOSTS } from "../namespaces.ts";
import { builtFile } from "../package-root.ts";
import { type CallResult, judge } from "./call-result.ts";
import {
  type CallStep,
  type Command,
  type EndReport,
  type Event,
  type PhoneConfig,
  type ProviderConfig,
  phoneUser,
  readLines,
} from "./control.ts";

/** Which side places a call: outbound calls are the phones'. */
export type Direction = "outbound" | "inbound";

/** How long to wait for the other end of a call that one end has ended, milliseconds. */
const OTHER_END = 1500;

/** One call to place. */
export interface PlannedCall {
  readonly direction: Direction;
  /** Index of the phone, from 0. */
  readonly phone: number;
  /** Index of the provider, 0 or 1; default 0. */
  readonly provider?: number;
  /** Milliseconds from the answer until one side hangs up; a call that is put on hold lasts half as long again. */
  readonly hold: number;
  /** Hangs up no sooner than this settles. */
  readonly until?: Promise<unknown>;
  /** Default: none. */
  readonly steps?: readonly CallStep[];
  readonly hangUp: "caller" | "callee";
  /** Called when the call has been answered. */
  readonly onAnswered?: () => void;
}

/** A registration as the provider received it. */
export interface Binding {
  readonly registrar: string;
  readonly user: string;
  /** The Contact URI, as received. */
  readonly contact: string;
  /** Address and port the REGISTER came from. */
  readonly source: string;
}

/** Options of Load.start. */
export interface LoadOptions {
  readonly phones: number;
  /** Milliseconds between two RTP packets of one end; a multiple of 10. Default 100. */
  readonly rtpInterval?: number;
  /** Milliseconds a callee rings before it answers. Default 300. */
  readonly ringTime?: number;
  /** Milliseconds by which a callee's media is ahead of its answer. Default 0. */
  readonly mediaLead?: number;
}

/** One user-agent process and what waits for its events. */
interface Process {
  readonly child: ChildProcess;
  readonly tell: (command: Command) => void;
}

/**
 * Load drives the phones and the two providers of a lab, each side a process of its own with real UDP sockets.
 *
 * The second provider keeps its calls on a machine behind its signalling address: its Contact is an address no one
 * else can reach, and its Record-Route leads there.
 */
export class Load {
  /** Registrations as the providers received them, the latest of each user and provider. */
  readonly bindings = new Map<string, Binding>();
  readonly #phones: number;
  readonly #waiting = new Map<string, (event: Event) => void>();
  readonly #prefix = `lab-${process.pid}-${Date.now().toString(36)}`;
  readonly #phone: Process;
  readonly #provider: Process;
  #placed = 0;
  #closed = false;

  /** Starts both processes and waits until their sockets are bound. */
  static async start(lab: Lab, options: LoadOptions): Promise<Load> {
    const load = new Load(lab, options);
    await Promise.all([load.#expect("ready phone"), load.#expect("ready provider")]);
    return load;
  }

  private constructor(lab: Lab, { phones, rtpInterval = 100, ringTime = 300, mediaLead = 0 }: LoadOptions) {
    this.#phones = phones;
    const phone: PhoneConfig = { phones, rtpInterval, ringTime, mediaLead };
    const [signalling, media, signalling2, media2] = PROVIDER_HOSTS;
    const servers = [
      { signalling, media },
      { signalling: signalling2, media: media2, core: "10.77.0.1" },
    ];
    const provider: ProviderConfig = { servers, rtpInterval, ringTime, mediaLead };
    this.#phone = this.#open(lab, "phone", phone);
    this.#provider = this.#open(lab, "provider", provider);
  }

  /**
   * Registers all phones with a provider.
   *
   * @param rate phones a second
   * @returns how each registration ended, by user: "200", or what went wrong
   */
  async register(provider = 0, rate = 100): Promise<Map<string, string>> {
    const registrar = providerHost(provider);
    const results = Array.from({ length: this.#phones }, async (_, index) => {
      const event = await this.#expect(`registered ${registrar} ${phoneUser(index)}`);
      return event.event === "registered" ? ([event.user, event.result] as const) : (["", ""] as const);
    });
    this.#phone.tell({ command: "register", registrar, rate });
    return new Map(await Promise.all(results));
  }

  /** Places a call, holds it, hangs up, and judges it by what both ends saw. */
  async place({
    direction,
    phone,
    provider = 0,
    hold,
    until,
    steps = [],
    hangUp,
    onAnswered,
  }: PlannedCall): Promise<CallResult> {
    const call = `${this.#prefix}-${this.#placed++}`;
    const outbound = direction === "outbound";
    const [caller, callee] = outbound ? [this.#phone, this.#provider] : [this.#provider, this.#phone];
    const ends = { phone: this.#end(call, "phone"), provider: this.#end(call, "provider") };
    const callerEnd = outbound ? ends.phone : ends.provider;
    const calleeEnd = outbound ? ends.provider : ends.phone;
    const answered = this.#expect(`answered ${call}`);

    const user = outbound ? `4930${this.#placed}` : phoneUser(phone);
    const from = outbound ? phone : provider;
    caller.tell({ command: "call", call, from, user, registrar: providerHost(provider), steps });
    if ((await Promise.race([answered, callerEnd]))?.event === "answered") {
      onAnswered?.();
      for (const command of changes(call, steps)) {
        await delay(hold / 2);
        caller.tell(command);
      }
      await delay(steps.includes("hold") || steps.includes("refresh") ? hold / 2 : hold);
      await until;
      const [hanging, hangingEnd] = hangUp === "caller" ? [caller, callerEnd] : [callee, calleeEnd];
      hanging.tell({ command: "hangup", call });
      await Promise.race([hangingEnd, Promise.all([callerEnd, calleeEnd])]);
    }
    // An end that has heard of no BYE by now will not: ask it for what it saw.
    await Promise.race([Promise.all([callerEnd, calleeEnd]), delay(OTHER_END)]);
    for (const side of [caller, callee]) side.tell({ command: "collect", call });
    const [phoneEnd, providerEnd] = await Promise.all([ends.phone, ends.provider]);
    this.#waiting.delete(`answered ${call}`);
    return judge(call, direction, steps, reportOf(phoneEnd), reportOf(providerEnd));
  }

  /** Begins a phase of every call with media: each end reports what it receives from now on under this name. */
  beginPhase(phase: string): void {
    for (const side of [this.#phone, this.#provider]) side.tell({ command: "phase", phase });
  }

  /** Process ids of the two sides. */
  get pids(): { readonly phones: number; readonly providers: number } {
    return { phones: this.#phone.child.pid ?? 0, providers: this.#provider.child.pid ?? 0 };
  }

  /** Ends both processes. */
  close(): void {
    this.#closed = true;
    for (const { child } of [this.#phone, this.#provider]) child.stdin?.end();
  }

  #open(lab: Lab, side: "phone" | "provider", config: PhoneConfig | ProviderConfig): Process {
    const machine = side === "phone" ? "phone" : "prov";
    const args = [builtFile(`test/lab/load/${side}.ts`), JSON.stringify(config)];
    const child = lab.spawn(machine, process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdin, stdout } = child;
    if (!stdin || !stdout) throw new Error(`The ${side} process has no standard input and output.`);
    child.once("exit", (status, signal) => {
      if (!this.#closed) throw new Error(`The ${side} process ended early: ${signal ?? `status ${status}`}.`);
    });
    readLines<Event>(stdout, (event) => this.#receive(event, side));
    return { child, tell: (command) => stdin.write(`${JSON.stringify(command)}\n`) };
  }

  #receive(event: Event, side: "phone" | "provider"): void {
    if (event.event === "binding") {
      this.bindings.set(`${event.registrar} ${event.user}`, event);
      return;
    }
    const key = keyOf(event, side);
    this.#waiting.get(key)?.(event);
    this.#waiting.delete(key);
  }

  #end(call: string, side: "phone" | "provider"): Promise<Event> {
    return this.#expect(`ended ${side} ${call}`);
  }

  #expect(key: string): Promise<Event> {
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }
}

/** The signalling address of a provider, 0 or 1. */
export function providerHost(provider: number): string {
  return provider === 0 ? PROVIDER_HOSTS[0] : PROVIDER_HOSTS[2];
}

/** The re-INVITEs that the caller is told to send, in order. */
function changes(call: string, steps: readonly CallStep[]): Command[] {
  const reinvite = (hold: boolean): Command => ({ command: "reinvite", call, hold });
  if (steps.includes("hold")) return [reinvite(true), reinvite(false)];
  return steps.includes("refresh") ? [reinvite(false)] : [];
}

function reportOf(event: Event): EndReport | undefined {
  return event.event === "ended" ? event.report : undefined;
}

/** What the driver waits for under, when an event of that kind is due. */
function keyOf(event: Exclude<Event, { event: "binding" }>, side: "phone" | "provider"): string {
  switch (event.event) {
    case "ready":
      return `ready ${side}`;
    case "registered":
      return `registered ${event.registrar} ${event.user}`;
    case "answered":
      return `answered ${event.call}`;
    case "ended":
      return `ended ${side} ${event.report.call}`;
    case "unknown":
      return `ended ${side} ${event.call}`;
  }
}
