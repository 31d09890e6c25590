import type { Command } from "commander";
import type { CallRow } from "../gateway/rows/call.ts";
import { endpoint } from "./ladder.ts";
import { registerListing } from "./listing.ts";
import { ending, since } from "./span.ts";

/** Adds `calls` to the program. */
export function registerCalls(program: Command): void {
  registerListing<CallRow>(
    program
      .command("calls")
      .description("list the calls of the running daemon: why they are kept, when they end"),
    {
      path: "/calls",
      filters: ["call-id"],
      columns: ["CALL-ID", "PHONE", "REMOTE", "PHASE", "MEDIA", "AGE", "ENDS"],
      lines: (row, now) => [
        [
          row.callId,
          endpoint(row.inside),
          row.remote ?? "-",
          row.phase,
          media(row),
          since(row.beganAt, now),
          ending(row.ends, "while media flows", now),
        ],
      ],
    },
  );
}

function media({ streams, held, flowing }: CallRow): string {
  if (flowing) return "flows";
  if (held) return "held";
  return streams === 0 ? "none" : "silent";
}
