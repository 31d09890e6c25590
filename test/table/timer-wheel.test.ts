import { describe, expect, it } from "vitest";
import { type TimerEntry, TimerWheel } from "../../src/table/timer-wheel.ts";

/** An entry that is not scheduled yet. */
function timer(expire: (now: number) => void): TimerEntry {
  return { due: 0, next: undefined, previous: undefined, slot: -1, expire };
}

describe("TimerWheel", () => {
  it("fires an entry once, when it is due and not before", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    const entry = timer(() => fired++);
    wheel.schedule(entry, 1000);
    wheel.advance(900);
    expect(fired).toBe(0);
    wheel.advance(1250);
    wheel.advance(5000);
    expect(fired).toBe(1);
    expect(entry.slot).toBe(-1);
  });

  it("keeps an entry that is due later than one turn of the wheel", () => {
    const wheel = new TimerWheel(0);
    const fired: number[] = [];
    wheel.schedule(
      timer((now) => fired.push(now)),
      3_600_000,
    );
    for (let now = 0; now <= 3_600_250; now += 250) wheel.advance(now);
    expect(fired).toEqual([3_600_000]);
  });

  it("fires everything that is due after the clock has jumped", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    for (let due = 250; due <= 600_000; due += 250)
      wheel.schedule(
        timer(() => fired++),
        due,
      );
    wheel.advance(600_000);
    expect(fired).toBe(2400);
  });

  it("moves an entry that is scheduled again", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    const entry = timer(() => fired++);
    wheel.schedule(entry, 500);
    wheel.schedule(entry, 2000);
    wheel.advance(1000);
    expect(fired).toBe(0);
    wheel.advance(2000);
    expect(fired).toBe(1);
  });

  it("bears entries that cancel each other or schedule themselves while it fires", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    const second = timer(() => fired++);
    const first = timer(() => {
      fired++;
      wheel.cancel(second);
      wheel.schedule(first, 0);
    });
    wheel.schedule(second, 500);
    wheel.schedule(first, 500);
    wheel.advance(500);
    expect(fired).toBe(1);
    wheel.advance(750);
    expect(fired).toBe(2);
    expect([first.slot === -1, second.slot === -1]).toEqual([false, true]);
  });

  it("fires the others when one throws, and says so", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    for (let index = 0; index < 3; index++) {
      const entry = timer(() => {
        fired++;
        if (index === 1) throw new Error("in between");
      });
      wheel.schedule(entry, 500);
    }
    expect(() => wheel.advance(500)).toThrow("in between");
    expect(fired).toBe(3);
  });
});
