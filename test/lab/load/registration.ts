import { randomBytes } from "node:crypto";
import { tell } from "./control.ts";
import { answerChallenge, challenge, isAuthorized, passwordOf } from "./digest.ts";
import {
  entriesOf,
  type Header,
  headerOf,
  parseUri,
  type Request,
  type Response,
  uriIn,
} from "./sip-message.ts";
import { formatAddress } from "./sip-socket.ts";
import { type ServerTransaction, TransactionError, type Transactions } from "./transaction.ts";

/** Seconds a registration is granted for. */
const EXPIRES = 3600;

/**
 * Registers a user's Contact (RFC 3261 §10.2), answering the registrar's challenge.
 *
 * @returns "200" when the registrar's answer lists this very Contact (§10.2.4), else what went wrong
 */
export async function register(
  transactions: Transactions,
  { user, contact, registrar }: { user: string; contact: string; registrar: string },
): Promise<string> {
  const uri = `sip:${registrar}`;
  const aor = `<sip:${user}@${registrar}>`;
  const from = `${aor};tag=${randomBytes(4).toString("hex")}`;
  const callId = randomBytes(8).toString("hex");
  const send = (cseq: number, more: readonly Header[]): Promise<Response> => {
    const headers: Header[] = [
      ["Max-Forwards", "70"],
      ["From", from],
      ["To", aor],
      ["Call-ID", callId],
      ["CSeq", `${cseq} REGISTER`],
      ["Contact", contact],
      ["Expires", String(EXPIRES)],
      ["User-Agent", "sipexpectd lab"],
      ...more,
    ];
    const request: Request = { kind: "request", method: "REGISTER", uri, headers, body: "" };
    return transactions.request(request, { host: registrar, port: 5060 });
  };
  try {
    const refused = await send(1, []);
    if (refused.status !== 401) return `${refused.status} to a REGISTER without credentials`;
    const credentials = { user, password: passwordOf(user), method: "REGISTER", uri };
    const authorization = answerChallenge(headerOf(refused, "WWW-Authenticate"), credentials);
    const accepted = await send(2, [["Authorization", authorization]]);
    if (accepted.status !== 200) return `${accepted.status} ${accepted.reason}`;
    const listed = entriesOf(accepted, "Contact").some((entry) => uriIn(entry) === uriIn(contact));
    return listed ? "200" : "200 without our Contact";
  } catch (error) {
    if (error instanceof TransactionError) return error.reason;
    throw error;
  }
}

/** Registrar keeps one provider's location table: each user's Contact exactly as it was received (§10.3). */
export class Registrar {
  readonly #host: string;
  readonly #contacts = new Map<string, string>();

  /** @param host the registrar's address, reported with each binding */
  constructor(host: string) {
    this.#host = host;
  }

  /** The Contact URI a user registered, undefined when there is none. */
  contactOf(user: string): string | undefined {
    return this.#contacts.get(user);
  }

  /** Answers a REGISTER: 401 with a challenge until it carries the right credentials, then 200. */
  receive(request: Request, transaction: ServerTransaction): void {
    const { user } = parseUri(headerOf(request, "To"));
    const expected = { user, password: passwordOf(user), method: "REGISTER", uri: request.uri };
    if (!isAuthorized(headerOf(request, "Authorization"), expected)) {
      transaction.respond(401, "Unauthorized", [["WWW-Authenticate", challenge()]]);
      return;
    }
    const [contact = ""] = entriesOf(request, "Contact");
    this.#contacts.set(user, uriIn(contact));
    const source = formatAddress(transaction.source);
    tell({ event: "binding", registrar: this.#host, user, contact: uriIn(contact), source });
    transaction.respond(200, "OK", [["Contact", `<${uriIn(contact)}>;expires=${EXPIRES}`]]);
  }
}
