import { constants } from "node:os";
import { expect, it } from "vitest";
import {
  ArmJob,
  type ArmResult,
  DisarmJob,
  type DisarmResult,
  RemoveMasterJob,
} from "../../src/kernel/arm.ts";
import { EXPECTATION_CLASS, type Expectation } from "../../src/kernel/expectation-message.ts";
import { MessageWriter } from "../../src/kernel/message-writer.ts";
import { messages } from "../../src/kernel/netlink-message.ts";
import type { Job } from "../../src/kernel/request-batch.ts";

const { EMFILE, EBUSY, EEXIST, ENOENT, EPERM } = constants.errno;
/** What the kernel gives by itself, which takes no message of its own. */
const BY_ITSELF = 180;

const flow = {
  protocol: "udp",
  source: { host: "192.168.50.2", port: 1 },
  destination: { host: "203.0.113.2", port: 0 },
} as const;
const expectation = (timeout: number): Expectation => ({
  direction: "inbound",
  class: EXPECTATION_CLASS.audio,
  protocol: "udp",
  from: { host: undefined, port: undefined },
  to: { host: "203.0.113.1", port: 20_000 },
  saved: { host: "192.168.50.2", port: 4000 },
  timeout,
});

/** Answers a job's messages, which are not the first of their send. */
function answer(job: Job, errnos: readonly number[]): void {
  const writer = new MessageWriter(4096);
  job.encode(writer);
  expect([...messages(writer.bytes, writer.length)].length).toBe(job.messages);
  expect(errnos.length).toBe(job.messages);
  job.settle(Int32Array.of(EPERM, EPERM, ...errnos, EPERM), 2);
}

/** What became of a request for expectations of these timeouts. */
function arm(timeouts: readonly number[], createMaster: boolean, errnos: readonly number[]) {
  let result: ArmResult | undefined;
  const master = { flow, natSource: undefined, timeout: 60 };
  const request = { master, createMaster, expectations: timeouts.map(expectation) };
  const job = new ArmJob(request, (it) => {
    result = it;
  });
  answer(job, errnos);
  return result;
}

it("what the kernel takes is armed, whatever it says of a timeout or of a master that there is already", () => {
  expect(arm([BY_ITSELF, BY_ITSELF], true, [0, 0, 0])).toEqual({ kind: "armed" });
  expect(arm([60, BY_ITSELF], true, [0, 0, ENOENT, 0])).toEqual({ kind: "armed" });
  expect(arm([60], false, [0, ENOENT])).toEqual({ kind: "armed" });
  expect(arm([BY_ITSELF], true, [EEXIST, 0])).toEqual({ kind: "armed" });
  expect(arm([], false, [])).toEqual({ kind: "armed" });
});

it("each that is refused is named, with its errno", () => {
  expect(arm([60, BY_ITSELF, 60], true, [0, 0, 0, EMFILE, EBUSY, ENOENT])).toEqual({
    kind: "failed",
    master: undefined,
    refused: [
      { index: 1, code: "EMFILE" },
      { index: 2, code: "EBUSY" },
    ],
  });
  expect(arm([BY_ITSELF], true, [EEXIST, ENOENT])).toEqual({
    kind: "failed",
    master: "EEXIST",
    refused: [{ index: 0, code: "ENOENT" }],
  });
  expect(arm([], true, [EEXIST])).toEqual({ kind: "failed", master: "EEXIST", refused: [] });
});

it("a deletion counts what it has removed, what was gone, and names the first other failure", () => {
  let result: DisarmResult | undefined;
  const expectations = [60, 60, 60, 60, 60].map(expectation);
  const job = new DisarmJob({ expectations }, (it) => {
    result = it;
  });
  answer(job, [0, ENOENT, EBUSY, 0, EMFILE]);
  expect(result).toEqual({ removed: 2, absent: 1, code: "EBUSY" });
});

it("a master is removed, or gone already, or not removed", () => {
  const results: unknown[] = [];
  const job = new RemoveMasterJob(flow, (it) => results.push(it));
  for (const errno of [0, ENOENT, EBUSY]) answer(job, [errno]);
  expect(results).toEqual([{ kind: "removed" }, { kind: "absent" }, { kind: "failed", code: "EBUSY" }]);
});
