import { constants } from "node:os";
import { beforeEach, expect, it } from "vitest";
import { KernelError } from "../../src/kernel/kernel-error.ts";
import type { MessageWriter } from "../../src/kernel/message-writer.ts";
import { messages } from "../../src/kernel/netlink-message.ts";
import { type Job, RequestBatch } from "../../src/kernel/request-batch.ts";

/** Of each send, the types of its messages; the answer to each is its type as an errno. */
let sends: number[][];
/** What was settled, in its order: the name of a job and its errnos. */
let settled: [name: string, errnos: number[]][];
let batch: RequestBatch;

function request(writer: MessageWriter, errnos: Int32Array): number {
  const types = [...messages(writer.bytes, writer.length)].map(({ type }) => type);
  sends.push(types);
  errnos.set(types);
  return 0;
}

beforeEach(() => {
  sends = [];
  settled = [];
  batch = new RequestBatch({ request });
});

/** A job of as many messages as it has types. */
function job(name: string, types: readonly number[], after: () => void = () => undefined): Job {
  return {
    messages: types.length,
    encode(writer) {
      for (const type of types) {
        writer.begin(type, 0);
        writer.end();
      }
    },
    settle(errnos, at) {
      settled.push([name, [...errnos.subarray(at, at + types.length)]]);
      after();
    },
  };
}

it("sends all jobs at once, and tells each the errnos of its own requests", () => {
  batch.add(job("one", [1]));
  batch.add(job("none", []));
  batch.add(job("two", [0, 2]));
  expect(batch.size).toBe(3);
  batch.flush();
  expect(sends).toEqual([[1, 0, 2]]);
  expect(settled).toEqual([
    ["one", [1]],
    ["none", []],
    ["two", [0, 2]],
  ]);
  expect(batch.size).toBe(0);
});

it("sends in parts what is more than one send can be", () => {
  const many = (type: number) => new Array<number>(100).fill(type);
  for (const type of [1, 2, 3, 4, 5]) batch.add(job(`${type}`, many(type)));
  batch.flush();
  expect(sends).toEqual([[...many(1), ...many(2)], [...many(3), ...many(4)], many(5)]);
  expect(settled).toEqual([1, 2, 3, 4, 5].map((type) => [`${type}`, many(type)]));
  expect(() => batch.add(job("too large", new Array<number>(257).fill(1)))).toThrow(RangeError);
});

it("leaves what a settled job adds for the next flush", () => {
  batch.add(job("first", [1], () => batch.add(job("second", [2]))));
  batch.flush();
  expect(sends).toEqual([[1]]);
  batch.flush();
  expect(sends).toEqual([[1], [2]]);
});

it("a job that cannot be written fails alone, and nothing of it is sent", () => {
  const broken = job("broken", [7, 7]);
  batch.add(job("before", [1]));
  batch.add({
    ...broken,
    encode(writer) {
      writer.begin(7, 0);
      writer.end();
      throw new KernelError("write netlink", "EINVAL");
    },
  });
  batch.add(job("behind", [2]));
  expect(() => batch.flush()).toThrow("write netlink: EINVAL");
  expect(sends).toEqual([[1, 2]]);
  expect(settled).toEqual([
    ["broken", [constants.errno.EINVAL, constants.errno.EINVAL]],
    ["before", [1]],
    ["behind", [2]],
  ]);
});

it("a job that throws when it is settled costs the others nothing", () => {
  const fail = (what: string) => () => {
    throw new Error(what);
  };
  batch.add(job("one", [1], fail("first")));
  batch.add(job("two", [2], fail("second")));
  batch.add(job("three", [3]));
  expect(() => batch.flush()).toThrow("first");
  expect(settled.map(([name]) => name)).toEqual(["one", "two", "three"]);
});

it("every request of a send that fails has its errno", () => {
  const failing = new RequestBatch({
    request: () => {
      throw new KernelError("conntrack", "ENOBUFS");
    },
  });
  failing.add(job("one", [1, 1]));
  failing.add(job("two", [2]));
  failing.flush();
  const { ENOBUFS } = constants.errno;
  expect(settled).toEqual([
    ["one", [ENOBUFS, ENOBUFS]],
    ["two", [ENOBUFS]],
  ]);
});
