import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { canonicalHost } from "../packet/host.ts";
import type { Place } from "../sip/place.ts";
import type { BindingRecord, CallRecord, StreamRecord, TableRecord } from "../table/record.ts";
import type { MediaTarget } from "../table/target.ts";

/** A record, or why there is none. */
export type ParsedRecord =
  | { readonly ok: true; readonly record: TableRecord }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a record from its text in the store, JSON. Never throws: the text may be anything at all.
 *
 * The reason names the first field at fault. What a record has beyond its fields is left out.
 */
export function parseRecord(text: string): ParsedRecord {
  try {
    const from = fields("record", JSON.parse(text));
    return { ok: true, record: oneOf("kind", from.kind, KINDS) === "binding" ? binding(from) : call(from) };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, reason: error.message };
    if (error instanceof SyntaxError) return { ok: false, reason: "record: is not JSON" };
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Where a record is not one; thrown here and caught in parseRecord. */
class Fault extends Error {
  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
  }
}

const KINDS: Values<TableRecord["kind"]> = { binding: true, call: true };
const TRANSPORTS: Values<Transport> = { udp: true, tcp: true };
const PHASES: Values<CallRecord["phase"]> = { early: true, answered: true, ended: true };
const PLACES: Values<Place> = {
  "request-uri": true,
  via: true,
  contact: true,
  "record-route": true,
  route: true,
  path: true,
  "service-route": true,
  "refer-to": true,
  "referred-by": true,
};

function binding(from: Fields): BindingRecord {
  return {
    kind: "binding",
    transport: oneOf("transport", from.transport, TRANSPORTS),
    inside: endpoint("inside", from.inside),
    port: whole("port", from.port, 1, 65_535),
    registrations: list("registrations", from.registrations, registration),
    spokeAt: atLeast("spokeAt", from.spokeAt, 0),
    portless: list("portless", from.portless, (field, value) => oneOf(field, value, PLACES)),
    isOfConnection: from.isOfConnection === true,
    remotes: list("remotes", from.remotes, host),
  };
}

function registration(field: string, value: unknown): readonly [string, number] {
  if (!Array.isArray(value)) throw new Fault(field, "is not a list");
  return [text(field, value[0]), atLeast(field, value[1], 0)];
}

function call(from: Fields): CallRecord {
  const streams = list("streams", from.streams, stream);
  return {
    kind: "call",
    transport: oneOf("transport", from.transport, TRANSPORTS),
    inside: endpoint("inside", from.inside),
    callId: text("callId", from.callId),
    phase: oneOf("phase", from.phase, PHASES),
    refreshedAt: atLeast("refreshedAt", from.refreshedAt, 0),
    sessionExpires: from.sessionExpires === null ? null : atLeast("sessionExpires", from.sessionExpires, 0),
    dialogs: list("dialogs", from.dialogs, text),
    streams,
    lines: byTag("lines", from.lines, (field, value) => whole(field, value, 0, streams.length - 1)),
    remotes: byTag("remotes", from.remotes, mediaTarget),
  };
}

function stream(field: string, value: unknown): StreamRecord {
  const from = fields(field, value);
  return {
    id: whole("id", from.id, 0, 0xffff_ffff),
    peer: host("peer", from.peer),
    target: mediaTarget("target", from.target),
    base: whole("base", from.base, 1, 65_535),
    mux: flag("mux", from.mux),
  };
}

function mediaTarget(field: string, value: unknown): MediaTarget {
  const from = fields(field, value);
  return {
    index: whole("index", from.index, 0, Number.MAX_SAFE_INTEGER),
    media: text("media", from.media),
    transport: oneOf("transport", from.transport, TRANSPORTS),
    rtp: endpoint("rtp", from.rtp),
    // JSON leaves out what is undefined.
    rtcp: from.rtcp === undefined ? undefined : endpoint("rtcp", from.rtcp),
    mux: flag("mux", from.mux),
    count: whole("count", from.count, 1, 65_535),
    held: flag("held", from.held),
  };
}

/** Port 0 is one: an SDP rejects a line with it (RFC 3264 §6). */
function endpoint(field: string, value: unknown): Endpoint {
  const from = fields(field, value);
  return { host: host(field, from.host), port: whole(field, from.port, 0, 65_535) };
}

type Values<T extends string> = { readonly [V in T]: true };

function oneOf<T extends string>(field: string, value: unknown, values: Values<T>): T {
  if (typeof value === "string" && isOneOf(value, values)) return value;
  throw new Fault(field, "has none of its values");
}

function isOneOf<T extends string>(value: string, values: Values<T>): value is T {
  return Object.hasOwn(values, value);
}

function fields(field: string, value: unknown): Fields {
  if (isObject(value)) return value;
  throw new Fault(field, "is not an object");
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function text(field: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new Fault(field, "is not a text");
}

function host(field: string, value: unknown): string {
  if (typeof value === "string" && canonicalHost(value) === value) return value;
  throw new Fault(field, "is not an IP address");
}

function flag(field: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new Fault(field, "is not true or false");
}

function whole(field: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Fault(field, `is not a whole number of ${least} to ${most}`);
}

function atLeast(field: string, value: unknown, least: number): number {
  if (typeof value === "number" && value >= least) return value;
  throw new Fault(field, `is not a number from ${least} up`);
}

function list<T>(field: string, value: unknown, item: (field: string, value: unknown) => T): T[] {
  if (Array.isArray(value)) return value.map((each: unknown) => item(field, each));
  throw new Fault(field, "is not a list");
}

type ByTag<T> = readonly [tag: string, of: readonly (T | null)[]];

function byTag<T>(field: string, value: unknown, item: (field: string, value: unknown) => T): ByTag<T>[] {
  return list(field, value, (_, pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new Fault(field, "is not a list by tag");
    const [tag, of]: unknown[] = pair;
    return [text(field, tag), list(field, of, (at, each) => (each === null ? null : item(at, each)))];
  });
}
