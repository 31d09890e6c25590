import type { CallStep, EndReport } from "./control.ts";
import { calleeDialog, callerDialog, type Dialog, inDialog } from "./dialog.ts";
import { invitation, sendInvite, type Target, withCredentials } from "./invite.ts";
import type { MediaClock, MediaSession, Side } from "./media.ts";
import { audioIn, describeAudio, isHold, type MediaDirection } from "./sdp.ts";
import { type Header, headerOf, type Request, type Response, tagOf } from "./sip-message.ts";
import { type Address, formatAddress } from "./sip-socket.ts";
import { type ServerTransaction, TransactionError, type Transactions } from "./transaction.ts";

/** Who one end of a call is: its account, what it puts into messages, where its media lives. */
export interface Line {
  readonly side: Side;
  /** Reported as EndReport.user. */
  readonly user: string;
  /** Contact value of every request and response. */
  readonly contact: string;
  /** What the proxy in front of this line, if any, adds as Record-Route. */
  readonly recordRoute: string | undefined;
  readonly mediaHost: string;
  /** Milliseconds this line rings before it answers. */
  readonly ringTime: number;
  /** Milliseconds by which its media is ahead of its answer: it sends as soon as it is picked up. */
  readonly mediaLead: number;
  readonly clock: MediaClock;
}

/** Early media lasts for at least so many RTP packets, that there is something to count. */
const EARLY_PACKETS = 5;

/** Call is one end of one call, from INVITE to BYE. Its SIP Call-ID is the lab's name for the call. */
export class Call {
  readonly id: string;
  readonly #line: Line;
  readonly #steps: readonly CallStep[];
  readonly #transactions: Transactions;
  readonly #media: MediaSession;
  readonly #onEnd: (report: EndReport) => void;
  readonly #session = Date.now();
  #version = 1;
  #direction: MediaDirection = "sendrecv";
  #sending = false;
  #dialog: Dialog | undefined;
  #invite: ServerTransaction | undefined;
  #advertised: Address | undefined;
  #answered = false;
  #refused: number | undefined;
  #hungUp = false;
  #ended = false;
  #failure: string | undefined;

  constructor(
    id: string,
    line: Line,
    steps: readonly CallStep[],
    transactions: Transactions,
    media: MediaSession,
    onEnd: (report: EndReport) => void,
  ) {
    this.id = id;
    this.#line = line;
    this.#steps = steps;
    this.#transactions = transactions;
    this.#media = media;
    this.#onEnd = onEnd;
  }

  /** Calls; returns true once the peer has answered and media runs, false when the call has failed and ended. */
  async place(target: Target): Promise<boolean> {
    const sdp = this.#describe("sendrecv");
    let invite = invitation(this.id, target, { headers: this.#ownHeaders(), steps: this.#steps, sdp });
    try {
      let response = await this.#send(invite, target.address);
      if (response.status === 407) {
        invite = withCredentials(invite, response);
        response = await this.#send(invite, target.address);
      }
      if (this.#ended) return false;
      if (response.status >= 300) {
        this.#refused = response.status;
        this.#end(`INVITE answered ${response.status} ${response.reason}`);
        return false;
      }
      this.#dialog = callerDialog(invite, response, this.#line.recordRoute);
      this.acknowledge();
      return this.#talk(response.body);
    } catch (error) {
      this.#fail("INVITE", error);
      return false;
    }
  }

  /** Acknowledges the peer's 2xx, also each time that it is repeated (RFC 3261 §13.2.2.4). */
  acknowledge(): void {
    if (!this.#dialog) return;
    const { request, to } = inDialog(this.#dialog, "ACK");
    this.#transactions.sendAlone(request, to);
  }

  /** Rings, then answers an incoming INVITE and starts media, as far as the call's steps let it. */
  answer(invite: Request, transaction: ServerTransaction): void {
    this.#invite = transaction;
    this.#dialog = calleeDialog(invite, transaction.tag);
    const { mediaLead, clock } = this.#line;
    let { ringTime } = this.#line;
    if (this.#steps.includes("early-media")) {
      ringTime = Math.max(ringTime, EARLY_PACKETS * clock.interval);
      transaction.respond(183, "Session Progress", this.#ownHeaders(), this.#describe("sendrecv"));
      this.#startMedia(invite.body, "early");
    } else {
      transaction.respond(180, "Ringing", this.#ownHeaders());
    }
    if (this.#steps.includes("cancel")) return;
    if (this.#steps.includes("busy")) {
      setTimeout(() => this.#refuse(486, "Busy Here"), ringTime);
      return;
    }
    const pickUp = () => {
      if (!this.#ended) this.#talk(invite.body);
    };
    const accept = () => {
      if (this.#ended) return;
      transaction.respond(200, "OK", this.#ownHeaders(), this.#describe("sendrecv"));
      if (mediaLead === 0) pickUp();
    };
    if (mediaLead > 0) setTimeout(pickUp, ringTime);
    setTimeout(accept, ringTime + mediaLead);
  }

  /** True when a request carries this dialog's tags (§12.2.2). */
  owns(request: Request): boolean {
    return this.#dialog !== undefined && tagOf(headerOf(request, "To")) === tagOf(this.#dialog.local);
  }

  /** The ACK to our 2xx came. */
  acknowledged(): void {
    this.#invite?.acknowledged();
  }

  /** The peer gives up while we ring (§9.2). */
  receiveCancel(request: Request, transaction: ServerTransaction): void {
    if (this.#answered || !this.#invite?.isCancelledBy(request)) {
      transaction.respond(481, "Call/Transaction Does Not Exist");
      return;
    }
    transaction.respond(200, "OK");
    this.#refuse(487, "Request Terminated");
  }

  /** Offers the session anew: on hold, off it again, or just as it is. */
  async reinvite(hold: boolean): Promise<void> {
    if (!this.#dialog || this.#ended) return;
    const phase = hold ? "hold" : this.#direction === "sendonly" ? "resumed" : "refreshed";
    const sdp = this.#describe(hold ? "sendonly" : "sendrecv");
    const { request, to } = inDialog(this.#dialog, "INVITE", this.#ownHeaders());
    try {
      const response = await this.#transactions.request({ ...request, body: sdp }, to);
      if (this.#ended) return;
      if (response.status >= 300) {
        this.#failure ??= `re-INVITE answered ${response.status} ${response.reason}`;
        return;
      }
      this.acknowledge();
      this.#startMedia(response.body, phase);
    } catch (error) {
      this.#fail("re-INVITE", error);
    }
  }

  /** The peer offers the session anew. */
  receiveReinvite(request: Request, transaction: ServerTransaction): void {
    const hold = isHold(request.body);
    const phase = hold ? "hold" : this.#direction === "recvonly" ? "resumed" : "refreshed";
    this.#invite = transaction;
    const sdp = this.#describe(hold ? "recvonly" : "sendrecv");
    transaction.respond(200, "OK", this.#ownHeaders(), sdp);
    this.#startMedia(request.body, phase);
  }

  /** Begins a phase of this name, if media runs. */
  beginPhase(phase: string): void {
    this.#media.begin(phase);
  }

  /** The peer hung up. */
  receiveBye(transaction: ServerTransaction): void {
    transaction.respond(200, "OK");
    this.#hungUp = true;
    this.#end();
  }

  /** Hangs up; the call ends when BYE is answered or given up. */
  async hangUp(): Promise<void> {
    if (!this.#dialog) {
      this.#end("hung up before it was answered");
      return;
    }
    this.#line.clock.remove(this.#media);
    const { request, to } = inDialog(this.#dialog, "BYE");
    try {
      const response = await this.#transactions.request(request, to);
      this.#hungUp = response.status < 300;
      this.#end(this.#hungUp ? undefined : `BYE answered ${response.status} ${response.reason}`);
    } catch (error) {
      this.#fail("BYE", error);
    }
  }

  /** Ends this end without a word to the peer, if it has not ended already. */
  abandon(): void {
    this.#end();
  }

  /** Sends the INVITE; takes early media from a provisional response, and cancels if that is the call's lot. */
  #send(invite: Request, to: Address): Promise<Response> {
    let cancelled = false;
    return sendInvite(this.#transactions, invite, to, (response, cancel) => {
      if (response.body && !this.#advertised) this.#startMedia(response.body, "early");
      if (!this.#steps.includes("cancel") || cancelled) return;
      cancelled = true;
      const patience = this.#advertised ? EARLY_PACKETS * this.#line.clock.interval : 0;
      setTimeout(() => cancel().catch((error: unknown) => this.#fail("CANCEL", error)), patience);
    });
  }

  /** Refuses the INVITE; this end is over when that is acknowledged. */
  #refuse(status: number, reason: string): void {
    if (this.#ended) return;
    this.#invite?.respond(status, reason);
    this.#invite?.onAcknowledged(() => {
      this.#refused = status;
      this.#end();
    });
  }

  #talk(peerSdp: string): boolean {
    this.#answered = this.#startMedia(peerSdp, "talk");
    return this.#answered;
  }

  #startMedia(peerSdp: string, phase: string): boolean {
    const peer = audioIn(peerSdp);
    if (!peer) {
      this.#end("the peer's SDP has no audio");
      return false;
    }
    this.#advertised = peer.rtp;
    this.#media.connect(peer, phase);
    const sending = this.#direction !== "recvonly";
    if (sending && !this.#sending) this.#line.clock.add(this.#media);
    if (!sending) this.#line.clock.remove(this.#media);
    this.#sending = sending;
    return true;
  }

  /** Our session description; its version grows when the direction is another than before (RFC 3264 §8). */
  #describe(direction: MediaDirection): string {
    if (direction !== this.#direction) this.#version++;
    this.#direction = direction;
    const { mediaHost: host } = this.#line;
    const [port, session, version] = [this.#media.port, this.#session, this.#version];
    return describeAudio({ host, port, direction, session, version });
  }

  #ownHeaders(): Header[] {
    const { contact, recordRoute } = this.#line;
    const route: Header[] = recordRoute ? [["Record-Route", recordRoute]] : [];
    return [
      ...route,
      ["Contact", contact],
      ["Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"],
      ["User-Agent", "sipexpectd lab"],
    ];
  }

  #fail(method: string, error: unknown): void {
    if (!(error instanceof TransactionError)) throw error;
    this.#end(`${method}: ${error.reason}`);
  }

  #end(failure?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure ??= failure;
    this.#invite?.stop();
    this.#line.clock.remove(this.#media);
    this.#media.close();
    this.#onEnd({
      call: this.id,
      side: this.#line.side,
      user: this.#line.user,
      answered: this.#answered,
      refused: this.#refused,
      hungUp: this.#hungUp,
      failure: this.#failure,
      advertised: this.#advertised && formatAddress(this.#advertised),
      ...this.#media.received,
    });
  }
}
