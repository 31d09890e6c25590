import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { BodyLeft } from "../translate/translation.ts";
import type { ReplayedMessage } from "./message.ts";

/** An external port of the gateway, and whom it was given to. */
export interface GivenPort {
  readonly outside: Endpoint;
  readonly inside: Endpoint;
  readonly transport: Transport;
  /** What comes in there: "sip", or the media and component, like "audio rtp". */
  readonly use: string;
  /** The call that media was opened for. */
  readonly callId: string | undefined;
}

/** Summary is what became of all messages of a capture, in numbers. */
export interface Summary {
  /** Call-IDs of which an INVITE, or a response to one, is there. */
  readonly calls: number;
  readonly messages: number;
  readonly translated: number;
  /** Messages in which nothing is ours to change. */
  readonly unchanged: number;
  /** How many messages pass unmodified, by why. */
  readonly passed: ReadonlyMap<string, number>;
  /** How many bodies were left alone, by why; their messages are counted above as well. */
  readonly bodiesLeft: ReadonlyMap<BodyLeft, number>;
  /** In the order they were first seen. */
  readonly ports: readonly GivenPort[];
}

/** Adds up what became of the messages. */
export function summarize(messages: readonly ReplayedMessage[]): Summary {
  const calls = new Set<string>();
  const passed = new Map<string, number>();
  const bodiesLeft = new Map<BodyLeft, number>();
  const ports = new Map<string, GivenPort>();
  let translated = 0;
  let unchanged = 0;
  for (const message of messages) {
    const { callId, method, outcome, bodyLeft } = message;
    if (callId !== undefined && method === "INVITE") calls.add(callId);
    if (typeof outcome !== "string") translated++;
    else if (outcome === "nothing-to-change") unchanged++;
    else count(passed, passedFor(message));
    if (bodyLeft !== undefined) count(bodiesLeft, bodyLeft);
    for (const port of portsOf(message)) {
      const key = `${port.transport} ${port.outside.port} ${port.inside.host} ${port.inside.port} ${port.callId}`;
      if (!ports.has(key)) ports.set(key, port);
    }
  }
  return {
    calls: calls.size,
    messages: messages.length,
    translated,
    unchanged,
    passed,
    bodiesLeft,
    ports: [...ports.values()],
  };
}

/** Why a message passes unmodified: the outcome, and what makes it that. */
export function passedFor({ outcome, reason }: Pick<ReplayedMessage, "outcome" | "reason">): string {
  const name = typeof outcome === "string" ? outcome : "translated";
  return reason === undefined ? name : `${name}: ${reason}`;
}

function portsOf({ outside, inside, transport, callId, media }: ReplayedMessage): GivenPort[] {
  if (outside === undefined) return [];
  const ports: GivenPort[] = [{ outside, inside, transport, use: "sip", callId: undefined }];
  for (const change of media) {
    if (change.kind !== "open" || change.wanted.direction !== "inbound") continue;
    const { component } = change;
    ports.push({
      outside: { host: outside.host, port: component.port },
      inside: component.inside,
      transport: change.transport,
      use: `${change.media} ${component.kind}`,
      callId,
    });
  }
  return ports;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
