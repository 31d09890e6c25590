import type { Endpoint, Transport } from "../../packet/endpoint.ts";
import type { Call } from "../../table/call.ts";
import type { Ending } from "../../table/call-ending.ts";
import { expectationsOf, type WaitReason } from "../../table/component-state.ts";
import { RANKS, rankOf } from "../../table/slots.ts";
import type { Component, Stream } from "../../table/streams.ts";
import type { Wanted } from "../../table/wanted.ts";
import { type ExternalAddress, outsideOf } from "../external-address.ts";
import { type EndRow, endRow, type TimeOf } from "./ending.ts";

/** An expectation: from whom media is let in, or to whom the phone's own first packet may go out. */
export type WantedRow =
  | { readonly direction: "inbound"; readonly source: string }
  | { readonly direction: "outbound"; readonly remote: Endpoint };

interface FlowRow {
  readonly remote: Endpoint;
  readonly since: string;
}

/** What the kernel holds for a component, see `ComponentState`. */
export type ComponentStateRow =
  | { readonly state: "planned" | "closed" }
  | { readonly state: "waiting"; readonly since: string; readonly reason: WaitReason }
  | {
      readonly state: "armed";
      readonly since: string;
      readonly expectations: readonly WantedRow[];
      /** The media that flows besides; null while there is none. */
      readonly flow: FlowRow | null;
      /** Why some of what is wanted is not armed; null when all is. */
      readonly lacks: WaitReason | null;
    }
  | { readonly state: "flowing"; readonly flow: FlowRow }
  | { readonly state: "idle"; readonly since: string };

/** The RTP or RTCP port of a stream. */
export type ComponentRow = ComponentStateRow & {
  readonly kind: "rtp" | "rtcp";
  readonly inside: Endpoint;
  readonly external: Endpoint;
  /** What has to happen next: SDP that wants media, a free slot of the kernel's table, a packet; null for nothing. */
  readonly waitsFor: "sdp" | "slot" | "packet" | null;
  /** What its SDP wants of the kernel while no media flows. */
  readonly wanted: readonly WantedRow[];
  /** How many slots of the kernel's expectation table it holds. */
  readonly slots: number;
  /** How soon it gives way when slots are short, surplus first, answered last. */
  readonly rank: (typeof RANKS)[number];
};

/** A stream as `GET /streams` shows it; times are ISO 8601. */
export interface StreamRow {
  readonly callId: string;
  readonly media: string;
  readonly transport: Transport;
  /** Why it exists: SDP names it; SDP named it and the offer that does not is still open; its call has ended. */
  readonly why: "announced" | "superseded" | "linger";
  /** When its call ends; null while media keeps it. */
  readonly ends: EndRow | null;
  /** The conntrack that its expectations hang on: its id, its far end, and whether the kernel has it. */
  readonly master: { readonly id: number; readonly peer: string; readonly state: "absent" | "present" };
  readonly slots: number;
  readonly components: readonly ComponentRow[];
}

/**
 * The row of a stream.
 *
 * @param ending of its call, as `CallLife.endingOf` says
 * @param external the gateway's external address
 */
export function streamRow(
  call: Call,
  stream: Stream,
  ending: Ending | undefined,
  external: ExternalAddress,
  time: TimeOf,
): StreamRow {
  const { media, target, id, peer, master } = stream;
  const components = stream.components.map((component) => componentRow(component, external, time));
  return {
    callId: call.callId,
    media,
    transport: target.transport,
    why: whyOf(call, stream),
    ends: endRow(ending, time),
    master: { id, peer, state: master },
    slots: components.reduce((sum, { slots }) => sum + slots, 0),
    components,
  };
}

function whyOf(call: Call, stream: Stream): StreamRow["why"] {
  if (call.phase === "ended") return "linger";
  for (const lines of call.lines.values()) if (lines.includes(stream)) return "announced";
  return "superseded";
}

function componentRow(component: Component, external: ExternalAddress, time: TimeOf): ComponentRow {
  const { kind, inside, port, stream, wanted } = component;
  return {
    kind,
    inside,
    external: outsideOf(stream.call.host, inside, port, external),
    ...stateRow(component, time),
    waitsFor: waitsFor(component),
    wanted: wanted.map(wantedRow),
    slots: expectationsOf(component).size,
    rank: RANKS[rankOf(component)],
  };
}

function stateRow({ state }: Component, time: TimeOf): ComponentStateRow {
  switch (state.kind) {
    case "planned":
    case "closed":
      return { state: state.kind };
    case "waiting":
      return { state: state.kind, since: time(state.since), reason: state.reason };
    case "armed":
      return {
        state: state.kind,
        since: time(state.since),
        expectations: Array.from(state.expectations.values(), wantedRow),
        flow: state.flow === undefined ? null : flowRow(state.flow, time),
        lacks: state.lacks ?? null,
      };
    case "flowing":
      return { state: state.kind, flow: flowRow(state.flow, time) };
    case "idle":
      return { state: state.kind, since: time(state.since) };
  }
}

function waitsFor({ state }: Component): ComponentRow["waitsFor"] {
  switch (state.kind) {
    case "planned":
    case "idle":
      return "sdp";
    case "waiting":
      return "slot";
    case "armed":
      return state.lacks === undefined ? "packet" : "slot";
    case "flowing":
    case "closed":
      return null;
  }
}

function flowRow({ remote, since }: { remote: Endpoint; since: number }, time: TimeOf): FlowRow {
  return { remote, since: time(since) };
}

function wantedRow(wanted: Wanted): WantedRow {
  return wanted.direction === "inbound"
    ? { direction: "inbound", source: wanted.source ?? "any" }
    : { direction: "outbound", remote: wanted.remote };
}
