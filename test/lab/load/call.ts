import { randomBytes } from "node:crypto";
import type { EndReport } from "./control.ts";
import { calleeDialog, callerDialog, type Dialog, inDialog } from "./dialog.ts";
import type { MediaClock, MediaSession, Side } from "./media.ts";
import { audioIn, describeAudio } from "./sdp.ts";
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

/** Whom to call: the INVITE's Request-URI, From and To values without tags, and where to send it. */
export interface Target {
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly address: Address;
}

/** Call is one end of one call, from INVITE to BYE. Its SIP Call-ID is the lab's name for the call. */
export class Call {
  readonly id: string;
  readonly #line: Line;
  readonly #transactions: Transactions;
  readonly #media: MediaSession;
  readonly #onEnd: (report: EndReport) => void;
  #dialog: Dialog | undefined;
  #invite: ServerTransaction | undefined;
  #advertised: Address | undefined;
  #answered = false;
  #hungUp = false;
  #ended = false;
  #failure: string | undefined;

  constructor(
    id: string,
    line: Line,
    transactions: Transactions,
    media: MediaSession,
    onEnd: (report: EndReport) => void,
  ) {
    this.id = id;
    this.#line = line;
    this.#transactions = transactions;
    this.#media = media;
    this.#onEnd = onEnd;
  }

  /** Calls; returns true once the peer has answered and media runs, false when the call has failed and ended. */
  async place({ uri, from, to, address }: Target): Promise<boolean> {
    const invite: Request = {
      kind: "request",
      method: "INVITE",
      uri,
      headers: [
        ["Max-Forwards", "70"],
        ["From", `${from};tag=${randomBytes(4).toString("hex")}`],
        ["To", to],
        ["Call-ID", this.id],
        ["CSeq", "1 INVITE"],
        ...this.#ownHeaders(),
      ],
      body: describeAudio(this.#line.mediaHost, this.#media.port),
    };
    let response: Response;
    try {
      response = await this.#transactions.request(invite, address);
    } catch (error) {
      this.#fail("INVITE", error);
      return false;
    }
    if (this.#ended) return false;
    if (response.status >= 300) {
      this.#end(`INVITE answered ${response.status} ${response.reason}`);
      return false;
    }
    this.#dialog = callerDialog(invite, response, this.#line.recordRoute);
    this.acknowledge();
    return this.#startMedia(response.body);
  }

  /** Acknowledges the peer's 2xx, also each time that it is repeated (RFC 3261 §13.2.2.4). */
  acknowledge(): void {
    if (!this.#dialog) return;
    const { request, to } = inDialog(this.#dialog, "ACK");
    this.#transactions.sendAlone(request, to);
  }

  /** Rings, then answers an incoming INVITE and starts media. */
  answer(invite: Request, transaction: ServerTransaction): void {
    this.#invite = transaction;
    this.#dialog = calleeDialog(invite, transaction.tag);
    transaction.respond(180, "Ringing", this.#ownHeaders());
    const { ringTime, mediaLead, mediaHost } = this.#line;
    const pickUp = () => {
      if (!this.#ended) this.#startMedia(invite.body);
    };
    const accept = () => {
      if (this.#ended) return;
      transaction.respond(200, "OK", this.#ownHeaders(), describeAudio(mediaHost, this.#media.port));
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

  #startMedia(peerSdp: string): boolean {
    const peer = audioIn(peerSdp);
    if (!peer) {
      this.#end("the peer's SDP has no audio");
      return false;
    }
    this.#advertised = peer.rtp;
    this.#media.connect(peer);
    this.#line.clock.add(this.#media);
    this.#answered = true;
    return true;
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
    this.#failure = failure;
    this.#invite?.acknowledged();
    this.#line.clock.remove(this.#media);
    this.#media.close();
    this.#onEnd({
      call: this.id,
      side: this.#line.side,
      user: this.#line.user,
      answered: this.#answered,
      hungUp: this.#hungUp,
      failure: this.#failure,
      advertised: this.#advertised && formatAddress(this.#advertised),
      ...this.#media.received,
    });
  }
}
