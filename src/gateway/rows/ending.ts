import type { Ending } from "../../table/call-ending.ts";

/** When something ends if nothing more is heard of it, ISO 8601, and why. */
export interface EndRow {
  readonly at: string;
  readonly why: string;
}

/** Writes milliseconds of the gateway's clock as ISO 8601, in UTC. */
export type TimeOf = (milliseconds: number) => string;

/** How a call ends, as its own row and those of its streams show it. */
export function endRow(ending: Ending | undefined, time: TimeOf): EndRow | null {
  return ending === undefined ? null : { at: time(ending.at), why: ending.why };
}
