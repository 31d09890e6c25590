import type { Socket } from "node:dgram";
import { Call, type Line } from "./call.ts";
import { type CallStep, type Event, readSteps, STEPS_HEADER, tell } from "./control.ts";
import { challenge, isAuthorized, passwordOf } from "./digest.ts";
import type { Target } from "./invite.ts";
import { MediaSession } from "./media.ts";
import { headerOf, parseUri, type Request, type Response } from "./sip-message.ts";
import { type ServerTransaction, Transactions } from "./transaction.ts";

/** What makes one user agent different from another. */
export interface UserAgentOptions {
  readonly line: Line;
  /** True when calls for this user part of the Request-URI are answered here. */
  readonly answersFor: (user: string) => boolean;
  /** The next even port to try for media. */
  readonly nextPort: () => number;
  /** Handles methods beyond those of a call (REGISTER); returns false to leave it to the user agent. */
  readonly onOther?: (request: Request, transaction: ServerTransaction) => boolean;
}

/** UserAgent is one SIP socket with its calls: what a phone is, and what a provider's server is. */
export class UserAgent {
  readonly transactions: Transactions;
  readonly #options: UserAgentOptions;
  readonly #calls = new Map<string, Call>();

  constructor(socket: Socket, options: UserAgentOptions) {
    this.#options = options;
    this.transactions = new Transactions(socket, {
      onRequest: (request, transaction) => this.#receive(request, transaction),
      onRepeatedSuccess: (response: Response) =>
        this.#calls.get(headerOf(response, "Call-ID"))?.acknowledge(),
    });
  }

  /** Places a call and tells the driver when it is answered. */
  async call(id: string, target: Target, steps: readonly CallStep[]): Promise<void> {
    const call = await this.#open(id, steps);
    if (await call.place(target)) tell({ event: "answered", call: id });
  }

  /** Sends a re-INVITE; false when there is no such call here. */
  reinvite(id: string, hold: boolean): boolean {
    const call = this.#calls.get(id);
    void call?.reinvite(hold);
    return call !== undefined;
  }

  /** Begins a phase of every call that has media. */
  beginPhase(phase: string): void {
    for (const call of this.#calls.values()) call.beginPhase(phase);
  }

  /** Hangs up; false when there is no such call here. */
  hangUp(id: string): boolean {
    const call = this.#calls.get(id);
    void call?.hangUp();
    return call !== undefined;
  }

  /** Ends a call at once and reports it; false when there is no such call here. */
  collect(id: string): boolean {
    const call = this.#calls.get(id);
    call?.abandon();
    return call !== undefined;
  }

  async #open(id: string, steps: readonly CallStep[]): Promise<Call> {
    const { line, nextPort } = this.#options;
    const media = await MediaSession.open(line.mediaHost, nextPort, id, line.side);
    const call = new Call(id, line, steps, this.transactions, media, (report) => {
      this.#calls.delete(id);
      tell({ event: "ended", report } satisfies Event);
    });
    this.#calls.set(id, call);
    return call;
  }

  #receive(request: Request, transaction: ServerTransaction): void {
    if (this.#options.onOther?.(request, transaction)) return;
    const call = this.#calls.get(headerOf(request, "Call-ID"));
    switch (request.method) {
      case "OPTIONS":
        transaction.respond(200, "OK", [["Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"]]);
        break;
      case "INVITE":
        this.#receiveInvite(request, transaction, call);
        break;
      case "ACK":
        call?.acknowledged();
        break;
      case "CANCEL":
        if (call) call.receiveCancel(request, transaction);
        else transaction.respond(481, "Call/Transaction Does Not Exist");
        break;
      case "BYE":
        if (call?.owns(request)) call.receiveBye(transaction);
        else transaction.respond(481, "Call/Transaction Does Not Exist");
        break;
      default:
        transaction.respond(501, "Not Implemented");
    }
  }

  #receiveInvite(invite: Request, transaction: ServerTransaction, call: Call | undefined): void {
    const steps = readSteps(headerOf(invite, STEPS_HEADER));
    if (call) {
      if (call.owns(invite)) call.receiveReinvite(invite, transaction);
      else transaction.respond(500, "Server Internal Error");
    } else if (!this.#options.answersFor(parseUri(invite.uri).user)) {
      // A call for another phone's user has been delivered to the wrong phone; answering it would hide that.
      transaction.respond(404, "Not Found");
    } else if (steps.includes("challenge") && !knowsPassword(invite)) {
      transaction.respond(407, "Proxy Authentication Required", [["Proxy-Authenticate", challenge()]]);
    } else {
      void this.#open(headerOf(invite, "Call-ID"), steps).then((opened) =>
        opened.answer(invite, transaction),
      );
    }
  }
}

function knowsPassword(invite: Request): boolean {
  const { user } = parseUri(headerOf(invite, "From"));
  const expected = { user, password: passwordOf(user), method: "INVITE", uri: invite.uri };
  return isAuthorized(headerOf(invite, "Proxy-Authorization"), expected);
}
