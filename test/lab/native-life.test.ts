import { expect, test } from "vitest";
import { playIsolated, WELL } from "../native/isolated.ts";

const WITHOUT_CAPABILITY = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"];
const COLLECTING = ["--expose-gc"];

test.each([
  ["a queue that is bound already is refused, by its number", "alreadyBound"],
  ["a protocol the kernel does not have is an error that says so", "unsupported"],
  ["closing accepts what is held and what was not yet read", "closePending"],
  ["closing inside onBatch waits for the batch's verdicts", "closeInside"],
  ["an onBatch that throws is reported, and its packets are accepted", "throwing"],
])("%s", async (_title, scenario) => {
  expect(await playIsolated("life-scenarios", scenario)).toEqual(WELL);
});

test("a process without CAP_NET_ADMIN is told what it lacks", async () => {
  expect(await playIsolated("life-scenarios", "incapable", { wrap: WITHOUT_CAPABILITY })).toEqual(WELL);
});

test.each([
  ["sockets that nobody can reach are closed by the garbage collector", "collected"],
  ["a queue that is read is not collected, nor is its memory", "subscribedIsKept"],
  ["opening and closing a thousand times leaves nothing behind", "thousand"],
])("%s", async (_title, scenario) => {
  expect(await playIsolated("life-scenarios", scenario, { nodeArguments: COLLECTING })).toEqual(WELL);
});
