import { afterEach, beforeEach, expect, test } from "vitest";
import { raiseExpectationLimit } from "../../src/kernel/expectation-limit.ts";
import { KernelAgent } from "./kernel-agent-client.ts";
import { EXPECT_MAX, holdMachineSetting, readMachineSetting } from "./machine-setting.ts";
import { Lab } from "./namespaces.ts";

let lab: Lab | undefined;
let restore: () => void;

beforeEach(async () => {
  restore = await holdMachineSetting(EXPECT_MAX, 100);
});

afterEach(() => {
  lab?.dispose();
  restore();
});

test("the kernel's limit is raised where it is too low, and is never lowered", () => {
  expect(raiseExpectationLimit(150)).toEqual({ limit: 150, before: 100, refused: undefined });
  expect(readMachineSetting(EXPECT_MAX)).toBe("150");
  expect(raiseExpectationLimit(120)).toEqual({ limit: 150, before: undefined, refused: undefined });
  expect(readMachineSetting(EXPECT_MAX)).toBe("150");
});

test("another network namespace may read the limit and not raise it, and says with which code", async () => {
  lab = new Lab({ phones: 1 });
  const agent = new KernelAgent(lab, "gw");
  expect(await agent.call("raiseExpectationLimit", 150)).toEqual({ limit: 100, refused: "EACCES" });
  expect(readMachineSetting(EXPECT_MAX)).toBe("100");
});
