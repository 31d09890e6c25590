import type { Endpoint } from "../packet/endpoint.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import type { AttributeAddress, IceCandidate, MediaDescription, Session } from "../sdp/session.ts";
import type { Span } from "../sip/span.ts";
import { hostReference } from "../sip/uri.ts";
import type { EditList } from "./edits.ts";
import type { Mapping, MediaRewrite } from "./mapping.ts";
import { type MediaUse, type SdpPlace, type Skipped, skipped } from "./translation.ts";

/** What one m= line is to become. */
interface Fate {
  /**
   * inert: port 0, hold, a host name, another address family: nothing there can be or need be translated. left: it was
   * asked for, and is to stay as it is. moved: it is rewritten.
   */
  readonly kind: "inert" | "left" | "moved";
  readonly line: MediaDescription;
  /** The line as it was asked for, with the address of its candidate where it trickles. */
  readonly asked: MediaDescription;
  /** Of a line that is moved. */
  readonly rewrite: MediaRewrite | undefined;
}

const PATH_RULE = "RFC 4975 §8.1 a=path";

/** Whose addresses are looked for: outbound every inside literal, inbound our external address alone. */
export type Looking = "outbound" | "inbound";

/** SessionTranslator edits the addresses of one session description. */
export class SessionTranslator {
  readonly #session: Session;
  readonly #looking: Looking;
  readonly #own: Endpoint;
  readonly #mapping: Mapping;
  readonly #edits: EditList;
  #fates: Fate[] = [];

  constructor(session: Session, looking: Looking, own: Endpoint, mapping: Mapping, edits: EditList) {
    this.#session = session;
    this.#looking = looking;
    this.#own = own;
    this.#mapping = mapping;
    this.#edits = edits;
  }

  /** Asks for every line, makes the edits, and adds one MediaUse per line to `uses`. */
  translate(uses: MediaUse[]): Skipped | undefined {
    this.#fates = [];
    for (const line of this.#session.media) {
      const fate = this.#decide(line);
      if ("reason" in fate) return fate;
      this.#fates.push(fate);
      const { asked, rewrite } = fate;
      uses.push({ line: rewrite === undefined ? line : asked, rewrite });
    }
    const conflict = this.#connections();
    if (conflict !== undefined) return conflict;
    this.#origin();
    for (const fate of this.#fates) this.#line(fate);
    return undefined;
  }

  #decide(line: MediaDescription): Fate | Skipped {
    const asked = trickled(line, this.#own.host) ?? line;
    if (asked.port === 0 || asked.held || !this.#isCandidate(asked.host) || isActiveTcp(asked)) {
      return { kind: "inert", line, asked, rewrite: undefined };
    }
    const answer = this.#mapping.media(asked);
    if (answer === undefined) return { kind: "left", line, asked, rewrite: undefined };
    if ("refused" in answer) return skipped(answer.refused, `m=${line.media} ${line.port}`);
    return { kind: "moved", line, asked, rewrite: answer };
  }

  /** True for a literal of the flow's family that may be ours; the mapping decides whether it is. */
  #isCandidate(host: string): boolean {
    if (this.#looking === "inbound" || host === this.#own.host) return host === this.#own.host;
    return this.#own.host.includes(":") ? host.includes(":") : ipv4ToNumber(host) !== undefined;
  }

  /** Edits each c= line once, whoever uses it; lines that share one, the session's, must agree on what it becomes. */
  #connections(): Skipped | undefined {
    const shared = this.#session.connection;
    let isUsed = false;
    let host: string | undefined;
    for (const fate of this.#fates) {
      if (shared === undefined || fate.line.connection !== shared || !usesConnection(fate)) continue;
      if (isUsed && fate.rewrite?.host !== host) return skipped("conflicting-addresses", `c= ${shared.host}`);
      isUsed = true;
      host = fate.rewrite?.host;
    }
    if (shared !== undefined) this.#connection(shared, isUsed ? host : this.#bare(shared));
    for (const fate of this.#fates) {
      const own = fate.line.connection;
      if (own === undefined || own === shared) continue;
      this.#connection(own, usesConnection(fate) ? fate.rewrite?.host : this.#bare(own));
    }
    return undefined;
  }

  #connection(span: Span, host: string | undefined): void {
    this.#address(span, host, "sdp-connection", "RFC 8866 §5.7 c=");
  }

  /** The o= line names the endpoint, so it follows unless the whole session is to stay as it is. */
  #origin(): void {
    const { origin } = this.#session;
    if (origin === undefined) return;
    if (!this.#has("moved") && this.#has("left")) return;
    this.#address(origin, this.#bare(origin), "sdp-origin", "RFC 8866 §5.2 o=");
  }

  #has(kind: Fate["kind"]): boolean {
    for (const fate of this.#fates) if (fate.kind === kind) return true;
    return false;
  }

  #bare(address: { readonly host: string }): string | undefined {
    if (address.host === "0.0.0.0" || address.host === "::" || !this.#isCandidate(address.host))
      return undefined;
    return this.#mapping.host(address.host);
  }

  #address(span: Span, host: string | undefined, place: SdpPlace, rule: string): void {
    if (host !== undefined) this.#edits.replace(span.start, span.end, host, place, rule);
  }

  #port(span: Span, port: number, place: SdpPlace, rule: string): void {
    this.#edits.replace(span.start, span.end, String(port), place, rule);
  }

  /** Edits what stands under one m= line, except its c=. */
  #line({ kind, line, asked, rewrite }: Fate): void {
    if (rewrite !== undefined) this.#moved(line, asked, rewrite);
    for (const address of line.addresses) {
      if (address.attribute === "remote-candidates") this.#remoteCandidate(address);
      else if (rewrite !== undefined && address.host === asked.host) {
        this.#address(address.hostSpan, hostReference(rewrite.host), "sdp-path", PATH_RULE);
        if (address.port === asked.port) this.#port(address.portSpan, rewrite.port, "sdp-path", PATH_RULE);
      } else if (kind === "inert" && isActiveTcp(line) && address.host === line.host) {
        const host = this.#bare(address);
        this.#address(address.hostSpan, host && hostReference(host), "sdp-path", PATH_RULE);
      }
    }
  }

  #moved(line: MediaDescription, asked: MediaDescription, rewrite: MediaRewrite): void {
    if (asked === line) {
      this.#port(line.portSpan, rewrite.port, "sdp-media", "RFC 8866 §5.14 m=");
      this.#rtcp(line, rewrite);
    }
    for (const candidate of line.candidates) this.#candidate(candidate, asked, rewrite);
  }

  /** The other side names our candidate as it saw it; the phone must find its own again. */
  #remoteCandidate({ host, port, hostSpan, portSpan }: AttributeAddress): void {
    if (this.#looking === "outbound" || host !== this.#own.host) return;
    const inside = this.#mapping.candidate?.(host, port);
    if (inside === undefined) return;
    const rule = "RFC 8839 §5.2 a=remote-candidates";
    this.#address(hostSpan, inside.host, "sdp-remote-candidates", rule);
    this.#port(portSpan, inside.port, "sdp-remote-candidates", rule);
  }

  #rtcp(line: MediaDescription, rewrite: MediaRewrite): void {
    const rtcp = line.rtcpLine;
    if (rtcp === undefined || line.rtcp.kind === "none") return;
    if (rtcp.address !== undefined && rtcp.address.host !== line.host) return;
    const port = rtcp.port === line.port ? rewrite.port : rewrite.rtcpPort;
    this.#port(rtcp.portSpan, port, "sdp-rtcp", "RFC 3605 §2.1 a=rtcp");
    if (rtcp.address !== undefined) {
      this.#address(rtcp.address, rewrite.host, "sdp-rtcp", "RFC 3605 §2.1 a=rtcp");
    }
  }

  /** Edits the candidates that are the line's own RTP or RTCP address, so that c= and m= stay among them. */
  #candidate(candidate: IceCandidate, line: MediaDescription, rewrite: MediaRewrite): void {
    if (candidate.host !== line.host || candidate.transport !== line.transport) return;
    const isRtp = candidate.port === line.port;
    if (!isRtp && candidate.port !== rtcpPort(line)) return;
    this.#address(candidate.hostSpan, rewrite.host, "sdp-candidate", "RFC 8839 §5.1 a=candidate");
    const port = isRtp ? rewrite.port : rewrite.rtcpPort;
    this.#port(candidate.portSpan, port, "sdp-candidate", "RFC 8839 §5.1 a=candidate");
  }
}

/** True when the line is asked for by its c=; a trickled one has its address from a candidate, and its c= names nothing yet. */
function usesConnection({ kind, line, asked }: Fate): boolean {
  return kind !== "inert" && (kind === "left" || asked === line);
}

/** Where the line's RTCP is received; -1 when nowhere but at its RTP port. */
function rtcpPort(line: MediaDescription): number {
  if (line.rtcp.kind === "explicit") return line.rtcp.port;
  if (line.rtcp.kind === "none") return -1;
  return line.rtcpLine?.port ?? line.port + 1;
}

/**
 * True for a TCP stream that this end opens, from a port of its system's choice: a=setup says so, or the discard port,
 * at which nobody can wait (RFC 4145 §4.1).
 */
function isActiveTcp(line: MediaDescription): boolean {
  return line.transport === "tcp" && (line.setup === "active" || line.port === DISCARD);
}

/** The discard port stands where there is none, or where candidates are still to come (RFC 8840 §4). */
const DISCARD = 9;

/**
 * The line with the address of its RTP candidate in the place of a c= and m= that name none yet, as trickle ICE
 * writes them (RFC 8840 §4, §9); undefined for a line of any other kind.
 */
function trickled(line: MediaDescription, own: string): MediaDescription | undefined {
  if (line.candidates.length === 0 || (line.host !== "" && !(line.held && line.port === DISCARD)))
    return undefined;
  const rtp = line.candidates.find((candidate) => isOwn(candidate, own) && candidate.component === 1);
  if (rtp === undefined) return undefined;
  const rtcp = line.candidates.find((candidate) => isOwn(candidate, own) && candidate.component === 2);
  return {
    ...line,
    host: rtp.host,
    port: rtp.port,
    held: false,
    rtcp: rtcp === undefined ? line.rtcp : { kind: "explicit", host: rtcp.host, port: rtcp.port },
  };
}

function isOwn(candidate: IceCandidate, own: string): boolean {
  return candidate.host === own && candidate.transport === "udp" && candidate.type === "host";
}
