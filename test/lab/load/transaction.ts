import { randomBytes } from "node:crypto";
import type { RemoteInfo, Socket } from "node:dgram";
import {
  type Header,
  headerOf,
  type Message,
  methodOf,
  parseMessage,
  type Request,
  type Response,
  renderMessage,
  tagOf,
  viaParameter,
} from "./sip-message.ts";
import type { Address } from "./sip-socket.ts";

/** RFC 3261 §17.1.1.1: the round-trip estimate, the longest retransmission interval, 64 * T1, milliseconds. */
const T1 = 500;
const T2 = 4000;
const TIMEOUT = 64 * T1;

/** A request that got no final response; `reason` is "timeout" or the errno name of the failed send. */
export class TransactionError extends Error {
  override readonly name = "TransactionError";
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(`no final response: ${reason}`, options);
    this.reason = reason;
  }
}

/** How a request is sent; nothing of it has to be said. */
export interface RequestOptions {
  /** Via of the client transaction; a CANCEL has that of its INVITE (§9.1). Default: a new one. */
  readonly via?: Header;
  /** Called with each provisional response. */
  readonly onProvisional?: (response: Response) => void;
}

/** What one SIP socket hands up. */
export interface TransactionUser {
  /** A new request; an ACK to a 2xx comes here too, and is never answered. */
  onRequest(request: Request, transaction: ServerTransaction): void;
  /** A 2xx to an INVITE whose transaction has ended: the peer repeats it because our ACK was lost (§13.2.2.4). */
  onRepeatedSuccess(response: Response): void;
}

/** Transactions is the transaction layer of RFC 3261 §17 over one UDP socket. */
export class Transactions {
  readonly local: Address;
  readonly #socket: Socket;
  readonly #user: TransactionUser;
  readonly #clients = new Map<string, (response: Response) => void>();
  readonly #servers = new Map<string, ServerTransaction>();

  constructor(socket: Socket, user: TransactionUser) {
    const { address, port } = socket.address();
    this.local = { host: address, port };
    this.#socket = socket;
    this.#user = user;
    socket.on("message", (bytes, from) => this.#receive(bytes.toString("latin1"), from));
  }

  /**
   * Sends a request (without Via; one is put on top) and repeats it until it is answered (§17.1.1, §17.1.2).
   *
   * @returns the final response; the ACK to a negative one has been sent
   * Rejects with TransactionError.
   */
  request(
    request: Request,
    to: Address,
    { via = this.newVia(), onProvisional }: RequestOptions = {},
  ): Promise<Response> {
    const text = renderMessage({ ...request, headers: [via, ...request.headers] });
    const invite = request.method === "INVITE";
    const key = `${viaParameter(via[1], "branch")} ${request.method}`;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(repeat);
        clearTimeout(timeout);
        this.#clients.delete(key);
      };
      const fail = (reason: string, cause?: unknown) => {
        end();
        reject(new TransactionError(reason, { cause }));
      };
      let interval = T1;
      let repeat: NodeJS.Timeout | undefined;
      const send = () => {
        this.send(text, to, (error) => fail(error.code ?? error.message, error));
        repeat = setTimeout(send, interval);
        interval = invite ? interval * 2 : Math.min(interval * 2, T2);
      };
      let timeout = setTimeout(fail, TIMEOUT, "timeout");
      this.#clients.set(key, (response) => {
        if (response.status < 200) {
          // A provisional response ends an INVITE's retransmissions (§17.1.1.2); a callee that then stays silent is
          // given up after as long again, so that no call of the lab rings for ever.
          if (!invite) return;
          clearTimeout(repeat);
          clearTimeout(timeout);
          timeout = setTimeout(fail, TIMEOUT, "no final response after a provisional one");
          onProvisional?.(response);
          return;
        }
        end();
        if (invite && response.status >= 300) this.#acknowledgeFailure(request, via, response, to);
        resolve(response);
      });
      send();
    });
  }

  /** Sends a request that has no transaction: the ACK to a 2xx, with a Via and branch of its own (§13.2.2.4). */
  sendAlone(request: Request, to: Address): void {
    this.send(renderMessage({ ...request, headers: [this.newVia(), ...request.headers] }), to);
  }

  /** A Via of this socket with a branch of its own (§8.1.1.7, RFC 3581 §3). */
  newVia(): Header {
    const branch = `z9hG4bK${randomBytes(8).toString("hex")}`;
    return ["Via", `SIP/2.0/UDP ${this.local.host}:${this.local.port};branch=${branch};rport`];
  }

  /** Sends text; a failed send without `onError` is left to the retransmission that follows it. */
  send(text: string, to: Address, onError?: (error: NodeJS.ErrnoException) => void): void {
    this.#socket.send(Buffer.from(text, "latin1"), to.port, to.host, (error) => {
      if (error) onError?.(error);
    });
  }

  #receive(text: string, from: RemoteInfo): void {
    const message = parseMessage(text);
    if (!message) return;
    if (message.kind === "response") this.#receiveResponse(message);
    else this.#receiveRequest(message, { host: from.address, port: from.port });
  }

  #receiveRequest(message: Request, source: Address): void {
    const key = serverKey(message);
    const known = this.#servers.get(key);
    if (known) {
      if (message.method === "ACK") known.acknowledged();
      else known.repeat();
      return;
    }
    const transaction = new ServerTransaction(this, message, source);
    if (message.method !== "ACK") {
      this.#servers.set(key, transaction);
      setTimeout(() => this.#servers.delete(key), 2 * TIMEOUT).unref();
    }
    this.#user.onRequest(message, transaction);
  }

  #receiveResponse(response: Response): void {
    const branch = viaParameter(headerOf(response, "Via"), "branch");
    const client = this.#clients.get(`${branch} ${methodOf(response)}`);
    if (client) {
      client(response);
    } else if (methodOf(response) === "INVITE" && response.status >= 200 && response.status < 300) {
      this.#user.onRepeatedSuccess(response);
    }
  }

  /** §17.1.1.3: the ACK to a negative answer has the INVITE's branch, Request-URI and route. */
  #acknowledgeFailure(invite: Request, via: Header, response: Response, to: Address): void {
    const kept = invite.headers.filter(([name]) =>
      ["From", "Call-ID", "Route", "Max-Forwards"].includes(name),
    );
    const cseq = `${Number.parseInt(headerOf(invite, "CSeq"), 10)} ACK`;
    const headers: Header[] = [via, ...kept, ["To", headerOf(response, "To")], ["CSeq", cseq]];
    this.send(renderMessage({ ...invite, method: "ACK", headers, body: "" }), to);
  }
}

/** ServerTransaction answers one request, and answers its repetitions the same way (RFC 3261 §17.2). */
export class ServerTransaction {
  /** Where the request really came from. */
  readonly source: Address;
  readonly #request: Request;
  readonly #transactions: Transactions;
  readonly #tag = randomBytes(4).toString("hex");
  readonly #onAcknowledged: Array<() => void> = [];
  #answer: string | undefined;
  #repeat: NodeJS.Timeout | undefined;

  constructor(transactions: Transactions, request: Request, source: Address) {
    this.#transactions = transactions;
    this.#request = request;
    this.source = source;
  }

  /** The tag this side puts on To; with it the response makes a dialog. */
  get tag(): string {
    return this.#tag;
  }

  /**
   * Sends a response. A final one to an INVITE is repeated until acknowledged() or for 32 seconds
   * (§13.3.1.4 for 2xx, §17.2.1 for others).
   */
  respond(status: number, reason: string, headers: readonly Header[] = [], body = ""): void {
    clearTimeout(this.#repeat);
    const to = this.#responseAddress();
    this.#answer = renderMessage({
      kind: "response",
      status,
      reason,
      headers: [...this.#echoed(status), ...headers],
      body,
    });
    this.#transactions.send(this.#answer, to);
    if (this.#request.method !== "INVITE" || status < 200) return;
    const end = Date.now() + TIMEOUT;
    const again = (interval: number) => {
      this.#repeat = setTimeout(() => {
        if (this.#answer) this.#transactions.send(this.#answer, to);
        if (Date.now() < end) again(Math.min(interval * 2, T2));
      }, interval);
    };
    again(T1);
  }

  /** The request came again: so does the latest answer. */
  repeat(): void {
    if (this.#answer) this.#transactions.send(this.#answer, this.#responseAddress());
  }

  /** The final answer arrived. */
  acknowledged(): void {
    this.stop();
    for (const done of this.#onAcknowledged.splice(0)) done();
  }

  /** Repeats the final answer no more, whether it has arrived or not. */
  stop(): void {
    clearTimeout(this.#repeat);
  }

  /** Calls `done` once, when the final answer has arrived. */
  onAcknowledged(done: () => void): void {
    this.#onAcknowledged.push(done);
  }

  /** True for the CANCEL of this very request: the same branch and sent-by (§9.2). */
  isCancelledBy(request: Request): boolean {
    const via = (message: Request) => {
      const value = headerOf(message, "Via");
      return `${viaParameter(value, "branch")} ${value.split(";")[0]}`;
    };
    return request.method === "CANCEL" && via(request) === via(this.#request);
  }

  /** RFC 3261 §18.2.2 and RFC 3581 §4: to the source address; to the source port if the client asked for that. */
  #responseAddress(): Address {
    const via = headerOf(this.#request, "Via");
    if (viaParameter(via, "rport") !== undefined) return this.source;
    const sentByPort = /^SIP\/2\.0\/UDP\s+(?:\[[^\]]*\]|[^:;\s]+):(\d+)/i.exec(via)?.[1];
    return { host: this.source.host, port: sentByPort ? Number(sentByPort) : 5060 };
  }

  #echoed(status: number): Header[] {
    const { host, port } = this.source;
    let top = true;
    return this.#request.headers.flatMap(([name, value]): Header[] => {
      switch (name.toLowerCase()) {
        case "via": {
          const stamped = top
            ? `${value.replace(/;\s*rport(?==|;|$)(=\d*)?/i, `;rport=${port}`)};received=${host}`
            : value;
          top = false;
          return [[name, stamped]];
        }
        case "to":
          return [[name, status > 100 && !tagOf(value) ? `${value};tag=${this.#tag}` : value]];
        case "from":
        case "call-id":
        case "cseq":
        case "record-route":
          return [[name, value]];
        default:
          return [];
      }
    });
  }
}

function serverKey(message: Message): string {
  const via = headerOf(message, "Via");
  const method = methodOf(message) === "ACK" ? "INVITE" : methodOf(message);
  return `${viaParameter(via, "branch")} ${via.split(";")[0]} ${method}`;
}
