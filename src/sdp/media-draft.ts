import type { Transport } from "../packet/endpoint.ts";
import type { MediaLine } from "./media-line.ts";
import type { Address, AttributeAddress, IceCandidate, MediaDescription, Rtcp, RtcpLine } from "./session.ts";

const NONE: Rtcp = { kind: "none" };
const MUX: Rtcp = { kind: "mux" };
const NEXT: Rtcp = { kind: "next" };

/** MediaDraft collects the lines under one m= line until the next one. */
export class MediaDraft {
  readonly #index: number;
  readonly #line: MediaLine;
  readonly candidates: IceCandidate[] = [];
  readonly addresses: AttributeAddress[] = [];
  connection: Address | undefined;
  rtcpLine: RtcpLine | undefined;
  setup: MediaDescription["setup"];
  mux = false;
  ice = false;
  mid = "";

  constructor(index: number, line: MediaLine) {
    this.#index = index;
    this.#line = line;
  }

  /**
   * The description these lines make.
   *
   * @param sessionConnection the c= line of the session level, which counts when there is none here
   * @param sessionIce true when ice-ufrag stands at the session level (RFC 8839 §5.4)
   */
  finish(sessionConnection: Address | undefined, sessionIce: boolean): MediaDescription {
    const { media, port, count, protocol, portSpan } = this.#line;
    const connection = this.connection ?? sessionConnection;
    const host = connection?.host ?? "";
    return {
      index: this.#index,
      media,
      host,
      port,
      count,
      transport: transportOf(protocol),
      rtcp: this.#rtcp(),
      held: host === "0.0.0.0" || host === "::",
      bundledWith: this.#index,
      setup: this.setup,
      ice: this.ice || sessionIce || this.candidates.length > 0,
      portSpan,
      connection,
      rtcpLine: this.rtcpLine,
      candidates: this.candidates,
      addresses: this.addresses,
    };
  }

  #rtcp(): Rtcp {
    if (!isRtp(this.#line.protocol)) return NONE;
    if (this.mux) return MUX;
    if (this.rtcpLine === undefined) return NEXT;
    return { kind: "explicit", host: this.rtcpLine.address?.host, port: this.rtcpLine.port };
  }
}

/** TCP/MSRP, TCP/BFCP, TCP/TLS/BFCP, TCP/RTP/AVP, and the bare TCP of RFC 4145; all else runs over UDP. */
function transportOf(protocol: string): Transport {
  return protocol.startsWith("TCP") ? "tcp" : "udp";
}

/** RTP/AVP, UDP/TLS/RTP/SAVPF, TCP/RTP/AVP, ... */
function isRtp(protocol: string): boolean {
  return protocol.startsWith("RTP/") || protocol.includes("RTP/");
}
