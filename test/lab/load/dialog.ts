import {
  entriesOf,
  type Header,
  headerOf,
  parseUri,
  type Request,
  type Response,
  uriIn,
} from "./sip-message.ts";
import type { Address } from "./sip-socket.ts";

/** Dialog is one end's dialog state (RFC 3261 §12). */
export interface Dialog {
  readonly callId: string;
  /** This end's From or To value, tag and all, and the peer's. */
  readonly local: string;
  readonly remote: string;
  /** The peer's Contact: the Request-URI of every request in the dialog. */
  readonly target: string;
  /** Route values, the next hop first. */
  readonly routes: readonly string[];
  /** CSeq of the latest request this end sent. */
  cseq: number;
}

/**
 * The dialog a 2xx to our INVITE makes (§12.1.2).
 *
 * @param ownProxy the Record-Route value of a proxy that is one with this end: no hop between us and the peer
 */
export function callerDialog(invite: Request, response: Response, ownProxy: string | undefined): Dialog {
  return {
    callId: headerOf(response, "Call-ID"),
    local: headerOf(invite, "From"),
    remote: headerOf(response, "To"),
    target: uriIn(headerOf(response, "Contact")),
    routes: entriesOf(response, "Record-Route")
      .filter((route) => route !== ownProxy)
      .reverse(),
    cseq: Number.parseInt(headerOf(invite, "CSeq"), 10),
  };
}

/** The dialog that our 2xx to the peer's INVITE makes, with our tag on To (§12.1.1). */
export function calleeDialog(invite: Request, tag: string): Dialog {
  return {
    callId: headerOf(invite, "Call-ID"),
    local: `${headerOf(invite, "To")};tag=${tag}`,
    remote: headerOf(invite, "From"),
    target: uriIn(headerOf(invite, "Contact")),
    routes: entriesOf(invite, "Record-Route"),
    cseq: 0,
  };
}

/** A request within the dialog and where it goes first: the top route, else the remote target (§12.2.1.1). */
export function inDialog(
  dialog: Dialog,
  method: string,
  headers: readonly Header[] = [],
): { readonly request: Request; readonly to: Address } {
  // The ACK has the number of the INVITE it acknowledges (§13.2.2.4).
  if (method !== "ACK") dialog.cseq++;
  const { host, port } = parseUri(dialog.routes[0] ?? dialog.target);
  const request: Request = {
    kind: "request",
    method,
    uri: dialog.target,
    headers: [
      ...dialog.routes.map((route): Header => ["Route", route]),
      ["Max-Forwards", "70"],
      ["From", dialog.local],
      ["To", dialog.remote],
      ["Call-ID", dialog.callId],
      ["CSeq", `${dialog.cseq} ${method}`],
      ...headers,
    ],
    body: "",
  };
  return { request, to: { host, port } };
}
