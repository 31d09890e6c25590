import { type Command, tell } from "./control.ts";
import type { UserAgent } from "./user-agent.ts";

/** Carries out a command that means the same on both sides: what is done to a call that is under way. */
export function obey(
  agents: readonly UserAgent[],
  command: Exclude<Command, { command: "register" | "call" }>,
): void {
  switch (command.command) {
    case "reinvite":
      for (const agent of agents) agent.reinvite(command.call, command.hold);
      break;
    case "phase":
      for (const agent of agents) agent.beginPhase(command.phase);
      break;
    case "hangup":
      for (const agent of agents) agent.hangUp(command.call);
      break;
    case "collect":
      if (!agents.some((agent) => agent.collect(command.call)))
        tell({ event: "unknown", call: command.call });
      break;
  }
}
