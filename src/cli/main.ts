#!/usr/bin/env node
import { program } from "commander";
import { registerRewrite } from "./rewrite.ts";
import { registerRules } from "./rules.ts";
import { registerRun } from "./run.ts";

program
  .name("sipexpectd")
  .description("Carries SIP phones through a Linux NAT gateway: a userspace SIP conntrack helper")
  .showHelpAfterError("(run with --help to see what can be given)");
registerRun(program);
registerRules(program);
registerRewrite(program);
await program.parseAsync();
