import { numberToIpv4 } from "../packet/ipv4.ts";
import type { MediaChange } from "../replay/arming.ts";
import type { ReplayedCapture } from "../replay/capture.ts";
import type { ReplayedMessage } from "../replay/message.ts";
import { summarize } from "../replay/summary.ts";
import { seconds } from "./ladder.ts";

/**
 * What `replay --json` prints: one object with everything that the lines show.
 *
 * @param start nanoseconds since 1970 that the times count from
 * @param left how many packets were not followed, by why
 * @param fault why the file could not be read to its end
 */
export function replayJson(
  { messages, notes, external, externalFrom }: ReplayedCapture,
  start: bigint,
  left: ReadonlyMap<string, number>,
  fault: string | undefined,
): object {
  const { passed, bodiesLeft, ports, ...counts } = summarize(messages.map(({ message }) => message));
  return {
    external: { host: external, from: externalFrom },
    messages: messages.map(({ time, message }) => ({ time: seconds(time - start), ...messageJson(message) })),
    streams: notes.map(({ time, note: { connection, half, event } }) => ({
      time: seconds(time - start),
      direction: half,
      inside: { host: numberToIpv4(connection.inside.address), port: connection.inside.port },
      remote: { host: numberToIpv4(connection.remote.address), port: connection.remote.port },
      ...event,
    })),
    ports,
    left: Object.fromEntries(left),
    summary: {
      ...counts,
      passed: Object.fromEntries(passed),
      bodiesLeft: Object.fromEntries(bodiesLeft),
    },
    fault,
  };
}

/** A message without its text, which holds what its sender may not want to be passed on; edits name their places. */
function messageJson(message: ReplayedMessage): object {
  const { text, outcome, edits, media, outside, ...rest } = message;
  return {
    ...rest,
    outside,
    line: text.trimStart().split(/\r?\n/, 1)[0] ?? "",
    outcome: typeof outcome === "string" ? outcome : "translated",
    edits: edits.map(({ start, end, text: to, place, rule }) => ({
      start,
      end,
      from: text.slice(start, end),
      to,
      place,
      rule,
    })),
    media: media.map((change) => mediaJson(change, outside?.host)),
  };
}

function mediaJson(change: MediaChange, external: string | undefined): object {
  if (change.kind === "release") {
    const outside = change.stream.components.map(({ port }) => ({ host: external, port }));
    return { kind: change.kind, media: change.media, outside };
  }
  const { kind, media, transport, component, wanted } = change;
  return {
    kind,
    media,
    transport,
    component: component.kind,
    inside: component.inside,
    outside: { host: external, port: component.port },
    ...wanted,
  };
}
