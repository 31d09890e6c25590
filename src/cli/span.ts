import type { EndRow } from "../gateway/rows/ending.ts";

/** A span of time in its two largest units: "12s", "2m05s", "1h30m", "3d04h"; less than nothing is "0s". */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

/** How long ago an ISO 8601 time was; `now` in milliseconds since the epoch. */
export function since(time: string, now: number): string {
  return span(now - Date.parse(time));
}

/** When something ends and why, or what keeps it. */
export function ending(ends: EndRow | null, keptBy: string, now: number): string {
  return ends === null ? keptBy : `in ${span(Date.parse(ends.at) - now)}: ${ends.why}`;
}
