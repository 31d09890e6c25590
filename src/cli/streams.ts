import type { Command } from "commander";
import type { ComponentRow, StreamRow } from "../gateway/rows/stream.ts";
import { endpoint } from "./ladder.ts";
import { registerListing } from "./listing.ts";
import { ending, since } from "./span.ts";

/** Adds `streams` to the program. */
export function registerStreams(program: Command): void {
  registerListing<StreamRow>(
    program
      .command("streams")
      .description(
        "list the media ports of the running daemon: what the kernel holds for each, and until when",
      ),
    {
      path: "/streams",
      filters: ["call-id"],
      columns: ["CALL-ID", "MEDIA", "PHONE", "PORT", "STATE", "SLOTS", "ENDS"],
      lines: (row, now) =>
        row.components.map((component) => [
          row.callId,
          `${row.media} ${component.kind}`,
          endpoint(component.inside),
          String(component.external.port),
          state(component, now),
          String(component.slots),
          ending(row.ends, "while media flows", now),
        ]),
    },
  );
}

function state(component: ComponentRow, now: number): string {
  switch (component.state) {
    case "planned":
    case "closed":
      return component.state;
    case "waiting":
      return `waiting ${since(component.since, now)}: ${component.reason}`;
    case "armed": {
      const { flow, lacks } = component;
      const also = flow === null ? "" : `, ${endpoint(flow.remote)} flows`;
      return `armed ${since(component.since, now)}${also}${lacks === null ? "" : `, lacks: ${lacks}`}`;
    }
    case "flowing":
      return `flowing ${since(component.flow.since, now)}: ${endpoint(component.flow.remote)}`;
    case "idle":
      return `idle ${since(component.since, now)}`;
  }
}
