import type { Command } from "commander";
import type { BindingRow } from "../gateway/rows/binding.ts";
import { endpoint } from "./ladder.ts";
import { registerListing } from "./listing.ts";
import { ending, since } from "./span.ts";

/** Adds `bindings` to the program. */
export function registerBindings(program: Command): void {
  registerListing<BindingRow>(
    program
      .command("bindings")
      .description(
        "list the phones of the running daemon with their external ports: why they are kept, until when",
      ),
    {
      path: "/bindings",
      filters: [],
      columns: ["PHONE", "OUTSIDE", "WHY", "WITH", "CALLS", "SPOKE", "ENDS"],
      lines: (row, now) => [
        [
          `${endpoint(row.inside)}${row.transport === "tcp" ? " (TCP)" : ""}`,
          endpoint(row.external),
          row.why,
          peers(row),
          String(row.calls),
          since(row.spokeAt, now),
          ending(row.ends, "with its calls", now),
        ],
      ],
    },
  );
}

/** Whose it is registered as, or else whom it speaks to. */
function peers({ registrations, flows }: BindingRow): string {
  const named =
    registrations.length > 0
      ? registrations.map(({ registrar, address }) => `${address} at ${registrar}`)
      : flows.map(({ remote }) => endpoint(remote));
  const [first = "-", ...others] = named;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
