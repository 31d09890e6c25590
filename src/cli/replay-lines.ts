import { numberToIpv4 } from "../packet/ipv4.ts";
import type { ReplayedCapture, TimedNote } from "../replay/capture.ts";
import type { StreamNote } from "../replay/message.ts";
import { type GivenPort, type Summary, summarize } from "../replay/summary.ts";
import type { FrameFault } from "../sip/stream-framer.ts";
import { endpoint, ladders, printable, seconds } from "./ladder.ts";

/** Why bytes of a TCP stream are in no message, in an admin's words. */
const FAULTS: Readonly<Record<FrameFault, string>> = {
  "no-start-line": "where a message should begin",
  "no-content-length": "in a message without Content-Length, which TCP needs",
  "malformed-content-length": "in a message whose Content-Length cannot be read",
  "too-large": "in a message longer than 65535 bytes",
  "cut-short": "in a message that does not end",
};

/**
 * What `replay` prints: a ladder per call, the TCP streams that could not be followed, the external ports that were
 * given out, the packets that were not followed, and a summary in one line.
 *
 * @param start nanoseconds since 1970 that the times count from
 * @param left how many packets were not followed, by why
 * @returns lines, without their ends
 */
export function replayLines(
  replayed: ReplayedCapture,
  start: bigint,
  left: ReadonlyMap<string, number>,
): string[] {
  const { messages, external, externalFrom, notes } = replayed;
  const source = {
    given: "as given",
    received: "as a Via of the capture says; name another with --outside",
    "stand-in": "a stand-in, as the capture does not say; name yours with --outside",
  }[externalFrom];
  const lines = [`external address ${external} (${source})`, ""];
  const summary = summarize(messages.map(({ message }) => message));
  if (messages.some(({ message }) => message.outcome !== "no-binding"))
    lines.push(...ladders(messages, start));
  else {
    lines.push("no SIP from or to the inside networks; see --inside, and capture on the phones' side", "");
  }
  lines.push(
    ...section(
      "TCP streams:",
      notes.map((note) => noteLine(note, start)),
    ),
  );
  lines.push(...section("external ports:", portLines(summary.ports)));
  const counts = [...left].map(([reason, times]) => `${String(times).padStart(8)}  ${reason}`);
  return [...lines, ...section("not followed:", counts), summaryLine(summary)];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines, ""];
}

function noteLine({ time, note }: TimedNote, start: bigint): string {
  const { inside, remote } = note.connection;
  const [phone, provider] = [inside, remote].map(({ address, port }) => `${numberToIpv4(address)}:${port}`);
  const arrow = note.half === "outbound" ? "-->" : "<--";
  return `${seconds(time - start).padStart(12)}  ${phone} ${arrow} ${provider}  ${noteText(note)}`;
}

/** What is wrong with a stream, in an admin's words. */
function noteText({ event }: StreamNote): string {
  const bytes = `${event.length} ${event.length === 1 ? "byte" : "bytes"}`;
  if (event.kind === "left") return `${bytes} not followed, ${FAULTS[event.reason]}`;
  return `gap: ${bytes} not in the capture; followed again from the next message`;
}

function portLines(ports: readonly GivenPort[]): string[] {
  const outside = ports.map((port) => `${endpoint(port.outside)}/${port.transport}`);
  const inside = ports.map((port) => endpoint(port.inside));
  const width = (texts: readonly string[]): number => Math.max(...texts.map(({ length }) => length));
  const [first, second] = [width(outside), width(inside)];
  return ports.map(({ use, callId }, index) => {
    const call = callId === undefined ? "" : `  Call-ID ${printable(callId)}`;
    return `  ${(outside[index] ?? "").padEnd(first)} for ${(inside[index] ?? "").padEnd(second)}  ${printable(use)}${call}`;
  });
}

function summaryLine({ calls, messages, translated, unchanged, passed, bodiesLeft }: Summary): string {
  const parts = [`${translated} translated`, `${unchanged} with nothing to change`];
  const left = [...passed.values()].reduce((sum, times) => sum + times, 0);
  parts.push(`${left} passed unmodified${listed(passed)}`);
  if (bodiesLeft.size > 0) parts.push(`bodies left${listed(bodiesLeft)}`);
  return `${counted(calls, "call")}, ${counted(messages, "message")}: ${parts.join(", ")}`;
}

function listed(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? "" : ` (${[...counts].map(([why, times]) => `${times} ${why}`).join(", ")})`;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
