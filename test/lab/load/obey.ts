import { type Command, readLines, tell } from "./control.ts";
import type { UserAgent } from "./user-agent.ts";

/** The commands that each side carries out in its own way. */
export interface OwnCommands {
  register(command: Extract<Command, { command: "register" }>): void;
  call(command: Extract<Command, { command: "call" }>): void;
}

/** Says that the process is ready, and obeys what comes on its standard input until that ends. */
export function obey(agents: readonly UserAgent[], own: OwnCommands): void {
  readLines<Command>(process.stdin, (command) => {
    switch (command.command) {
      case "register":
        own.register(command);
        break;
      case "call":
        own.call(command);
        break;
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
  });
  process.stdin.on("end", () => process.exit());
  tell({ event: "ready" });
}
