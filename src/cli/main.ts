#!/usr/bin/env node
import { program } from "commander";
import { registerRules } from "./rules.ts";
import { registerRun } from "./run.ts";

program
  .name("sipexpectd")
  .description("Carries SIP phones through a Linux NAT gateway: a userspace SIP conntrack helper")
  .showHelpAfterError("(run with --help to see what can be given)");
registerRun(program);
registerRules(program);
await program.parseAsync();
