import { randomBytes } from "node:crypto";
import { type CallStep, STEPS_HEADER } from "./control.ts";
import { answerChallenge, passwordOf } from "./digest.ts";
import { type Header, headerOf, parseUri, type Request, type Response } from "./sip-message.ts";
import type { Address } from "./sip-socket.ts";
import type { Transactions } from "./transaction.ts";

/** Whom to call: the INVITE's Request-URI, From and To values without tags, and where to send it. */
export interface Target {
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly address: Address;
}

/** The INVITE that begins a call. */
export function invitation(
  callId: string,
  { uri, from, to }: Target,
  { headers, steps, sdp }: { headers: readonly Header[]; steps: readonly CallStep[]; sdp: string },
): Request {
  return {
    kind: "request",
    method: "INVITE",
    uri,
    headers: [
      ["Max-Forwards", "70"],
      ["From", `${from};tag=${randomBytes(4).toString("hex")}`],
      ["To", to],
      ["Call-ID", callId],
      ["CSeq", "1 INVITE"],
      ...(steps.length > 0 ? [[STEPS_HEADER, steps.join(" ")] as const] : []),
      ...headers,
    ],
    body: sdp,
  };
}

/** The same INVITE again, with the credentials that its 407 asked for (RFC 3261 §22.3). */
export function withCredentials(invite: Request, refused: Response): Request {
  const { user } = parseUri(headerOf(invite, "From"));
  const credentials = { user, password: passwordOf(user), method: "INVITE", uri: invite.uri };
  const authorization = answerChallenge(headerOf(refused, "Proxy-Authenticate"), credentials);
  const headers = invite.headers.map(
    ([name, value]): Header => (name === "CSeq" ? [name, "2 INVITE"] : [name, value]),
  );
  return { ...invite, headers: [...headers, ["Proxy-Authorization", authorization]] };
}

/**
 * Sends an INVITE and awaits its final response. Rejects with TransactionError.
 *
 * @param onProvisional called with each provisional response, and with what cancels the INVITE (RFC 3261 §9.1)
 */
export function sendInvite(
  transactions: Transactions,
  invite: Request,
  to: Address,
  onProvisional: (response: Response, cancel: () => Promise<Response>) => void,
): Promise<Response> {
  const via = transactions.newVia();
  const kept = ["Max-Forwards", "From", "To", "Call-ID", "Route"];
  const headers = invite.headers.filter(([name]) => kept.includes(name));
  const cseq = `${Number.parseInt(headerOf(invite, "CSeq"), 10)} CANCEL`;
  const cancellation: Request = {
    ...invite,
    method: "CANCEL",
    headers: [...headers, ["CSeq", cseq]],
    body: "",
  };
  const cancel = () => transactions.request(cancellation, to, { via });
  return transactions.request(invite, to, {
    via,
    onProvisional: (response) => onProvisional(response, cancel),
  });
}
