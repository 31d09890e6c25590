#!/usr/bin/env node
import { program } from "commander";
import { packageVersion } from "../package-root.ts";
import { registerBindings } from "./bindings.ts";
import { registerCalls } from "./calls.ts";
import { registerReplay } from "./replay.ts";
import { registerRewrite } from "./rewrite.ts";
import { registerRules } from "./rules.ts";
import { registerRun } from "./run.ts";
import { registerStats } from "./stats.ts";
import { registerStreams } from "./streams.ts";

// Whoever stops reading, as `head` does, has what he wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

program
  .name("sipexpectd")
  .description("Carries SIP phones through a Linux NAT gateway: a userspace SIP conntrack helper")
  .version(packageVersion())
  .showHelpAfterError("(run with --help to see what can be given)");
registerRun(program);
registerCalls(program);
registerBindings(program);
registerStreams(program);
registerStats(program);
registerRules(program);
registerRewrite(program);
registerReplay(program);
await program.parseAsync();
