import type { Endpoint } from "../packet/endpoint.ts";
import type { MediaChange } from "../replay/arming.ts";
import type { TimedMessage } from "../replay/capture.ts";
import type { ReplayedMessage } from "../replay/message.ts";
import { passedFor } from "../replay/summary.ts";
import type { BodyLeft } from "../translate/translation.ts";

const INDENT = " ".repeat(14);

/** The text of everything that is printed of a message is from the network: only what a terminal cannot obey. */
const UNPRINTABLE = /[^\x20-\x7e]/g;

/** What makes us leave a body alone. */
const BODY_LEFT: Readonly<Record<BodyLeft, string>> = {
  "auth-int": "the digest covers it (qop=auth-int, RFC 7616 §3.4.3)",
  identity: "the Identity field signs it (RFC 8224 §4)",
  encoded: "it is compressed (Content-Encoding)",
  signed: "it is signed (S/MIME, RFC 3261 §23)",
  encrypted: "it is encrypted (S/MIME, RFC 3261 §23)",
  ice: "the phone has named a public address itself (ICE, RFC 8839)",
};

/**
 * Draws the messages as one ladder per call, by Call-ID in the order they begin; below each message stand the
 * addresses that were changed and the media ports that would be opened or closed.
 *
 * @param start nanoseconds since 1970 that the times count from
 * @returns lines, without their ends
 */
export function ladders(messages: readonly TimedMessage[], start: bigint): string[] {
  const calls = new Map<string | undefined, TimedMessage[]>();
  for (const timed of messages) {
    const { callId } = timed.message;
    const call = calls.get(callId);
    if (call === undefined) calls.set(callId, [timed]);
    else call.push(timed);
  }
  const lines: string[] = [];
  for (const [callId, call] of calls) {
    lines.push(callId === undefined ? "SIP that cannot be read" : `Call-ID ${printable(callId)}`);
    for (const { time, message } of call) lines.push(...rungs(message, seconds(time - start)));
    lines.push("");
  }
  return lines;
}

/** Nanoseconds as seconds with six decimals, as tcpdump shows them. */
export function seconds(nanoseconds: bigint): string {
  const micro = nanoseconds / 1000n;
  const sign = micro < 0n ? "-" : "";
  const absolute = micro < 0n ? -micro : micro;
  const fraction = String(absolute % 1_000_000n).padStart(6, "0");
  return `${sign}${absolute / 1_000_000n}.${fraction}`;
}

function rungs(message: ReplayedMessage, time: string): string[] {
  const { inside, outside, remote, direction, transport, text } = message;
  const arrow = direction === "outbound" ? "-->" : "<--";
  const gateway = outside === undefined ? "gateway" : endpoint(outside);
  const path = `${endpoint(inside)} ${arrow} ${gateway} ${arrow} ${endpoint(remote)}`;
  const line = printable(text.trimStart().split(/\r?\n/, 1)[0] ?? "");
  const lines = [`${time.padStart(12)}  ${path}${transport === "tcp" ? " (TCP)" : ""}  ${line}`];
  if (message.assumed) lines.push(`${INDENT}taken to have registered before the capture began`);
  const { outcome, detail, bodyLeft } = message;
  if (typeof outcome === "string" && outcome !== "nothing-to-change") {
    const where = detail === undefined ? "" : ` (${detail})`;
    lines.push(`${INDENT}passes unmodified: ${printable(passedFor(message) + where)}`);
  }
  for (const edit of message.edits) {
    const from = printable(text.slice(edit.start, edit.end));
    lines.push(`${INDENT}${edit.place.padEnd(15)} ${from} -> ${printable(edit.text)}`);
  }
  if (bodyLeft !== undefined) lines.push(`${INDENT}body left as it is: ${BODY_LEFT[bodyLeft]}`);
  for (const { media, outside: named, inside: found } of message.hairpins) {
    lines.push(
      `${INDENT}hairpin: ${printable(media)} at ${endpoint(named)} is ${endpoint(found)}, spoken to directly`,
    );
  }
  for (const change of message.media) lines.push(...mediaLines(change, outside?.host ?? "gateway"));
  return lines;
}

function mediaLines(change: MediaChange, external: string): string[] {
  if (change.kind === "release") {
    const ports = change.stream.components.map(({ port }) => `${external}:${port}`).join(", ");
    return [`${INDENT}closes ${printable(change.media)} ${ports}`];
  }
  const { component, wanted, media } = change;
  const port = `${external}:${component.port}`;
  const name = `${INDENT}${change.kind}s ${printable(media)} ${component.kind}`;
  if (wanted.direction === "inbound") {
    return [`${name} ${endpoint(component.inside)} <-- ${port} <-- ${wanted.source ?? "any"}`];
  }
  return [`${name} ${endpoint(component.inside)} --> ${port} --> ${endpoint(wanted.remote)}`];
}

/** An endpoint as it is written in a URI. */
export function endpoint({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The text with a question mark for each character that a terminal could obey. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "?");
}
