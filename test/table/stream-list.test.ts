import { expect, it } from "vitest";
import { target } from "./arming-recorder.ts";
import { makeCalls, PEER } from "./make-calls.ts";

it("the streams of a call are kept in the order they were made, and found by what makes them the same", () => {
  const { calls, bindingOf } = makeCalls();
  const call = calls.life.of(bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
  const lines = [4000, 4002, 4004].map((port) => target("192.168.50.10", port));
  const streams = lines.map((line) => {
    const made = calls.stream(call, line, PEER);
    if (typeof made === "string") throw new Error(made);
    return made;
  });
  const [first, second, third] = streams;
  if (!first || !second || !third) throw new Error("no stream");
  const { streams: list } = call;
  expect([...list.values()]).toEqual(streams);
  expect(lines.map((line) => list.find(line))).toEqual(streams);
  expect(list.find({ transport: "tcp", rtp: first.target.rtp })).toBeUndefined();
  list.delete(second);
  list.delete(second);
  expect([...list.values()]).toEqual([first, third]);
  list.delete(third);
  list.add(second);
  list.delete(first);
  expect([list.first === second, list.size, list.has(first), list.has(second)]).toEqual([
    true,
    1,
    false,
    true,
  ]);
});
