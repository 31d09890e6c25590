import type { PassReason } from "../../observe/counters.ts";
import { endpointKey, hostOf } from "../../packet/address.ts";
import type { SipPacket } from "../../packet/sip-packet.ts";
import type { TcpSegment } from "../../packet/tcp-segment.ts";
import { BEGINNING, mayBeginSip } from "../../sip/stream-start.ts";
import { addressee } from "../addressee.ts";
import { mayEnter } from "../admission.ts";
import type { GatewayContext, Pinning } from "../context.ts";
import { flowOf } from "../flow-of.ts";
import type { FollowedBefore } from "../pins.ts";
import type { Opened } from "./opening.ts";

/** A connection that an earlier run has followed, and what the kernel still does for it. */
export type Resumed = Opened & FollowedBefore;

/** Flows that are told apart, so that the kernel is asked once for each, and each is logged once. */
const MOST = 1024;

/** What of the gateway's context a stranger's segment needs. */
type StrangersContext = Pick<
  GatewayContext,
  "bindings" | "external" | "isPeer" | "modeOf" | "log" | "budget" | "now"
> & { readonly pins: Pick<Pinning, "remove" | "followedBefore"> };

/** Strangers sees to the segments of connections whose SYN nobody saw. */
export class Strangers {
  readonly #context: StrangersContext;
  /** Those that pass as they are, and whether the log has said so. */
  readonly #passing = new Map<string, boolean>();

  constructor(context: StrangersContext) {
    this.#context = context;
  }

  /**
   * Takes up the connection of a segment if an earlier run has followed it: if its binding was put back, and the kernel
   * has our entry of it, of a connection that has carried SIP. One that began otherwise is none for good, whatever its
   * later segments look like (NAT slipstreaming), and so is one that is older than the first run.
   *
   * @returns the connection, or why the segment passes as it came
   */
  take(packet: SipPacket, { payload }: TcpSegment, outward: boolean): Resumed | PassReason {
    if (payload.length === 0) return "empty";
    const { source, sourcePort, destination, destinationPort } = packet;
    const key = `${source}:${sourcePort} ${destination}:${destinationPort}`;
    const isTold = this.#passing.get(key);
    if (isTold === true) return "stream-unknown";
    if (isTold === undefined) {
      const resumed = this.#resume(packet, outward);
      if (resumed !== undefined) return resumed;
      if (this.#passing.size >= MOST) this.#passing.clear();
    }
    const mayBegin = mayBeginSip(payload.toString("latin1", 0, BEGINNING));
    this.#passing.set(key, mayBegin);
    if (mayBegin) {
      const { now, budget } = this.#context;
      const reason = "its beginning was not seen, or was not SIP";
      const flow = { source: hostOf(source), sourcePort, destination: hostOf(destination), destinationPort };
      budget.warn(now, { ...flow, reason }, "TCP flow passes as it is");
    }
    return "stream-unknown";
  }

  #resume(packet: SipPacket, outward: boolean): Resumed | undefined {
    const context = this.#context;
    const { source, sourcePort, destination, destinationPort } = packet;
    const binding = outward
      ? context.bindings.tcp.byInside(endpointKey(source, sourcePort))
      : addressee(context, destination, destinationPort, "tcp");
    const [remote, port] = outward ? [destination, destinationPort] : [source, sourcePort];
    if (typeof binding !== "object" || mayEnter(context, binding, remote) !== "allowed") return undefined;
    const before = context.pins.followedBefore(binding, { host: hostOf(remote), port });
    if (before === undefined) return undefined;
    const flow = flowOf(context, binding, remote, port);
    context.log.debug({ flow: flow.ends }, "TCP flow of an earlier run goes on");
    return { binding, flow, ...before };
  }
}
