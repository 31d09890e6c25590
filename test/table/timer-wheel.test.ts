import { describe, expect, it } from "vitest";
import { TimerWheel } from "../../src/table/timer-wheel.ts";

describe("TimerWheel", () => {
  it("fires an entry once, when it is due and not before", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    const entry = TimerWheel.entry(() => fired++);
    wheel.schedule(entry, 1000);
    wheel.advance(900);
    expect(fired).toBe(0);
    wheel.advance(1250);
    wheel.advance(5000);
    expect(fired).toBe(1);
    expect(wheel.size).toBe(0);
  });

  it("keeps an entry that is due later than one turn of the wheel", () => {
    const wheel = new TimerWheel(0);
    const fired: number[] = [];
    wheel.schedule(
      TimerWheel.entry((now) => fired.push(now)),
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
        TimerWheel.entry(() => fired++),
        due,
      );
    wheel.advance(600_000);
    expect(fired).toBe(2400);
  });

  it("moves an entry that is scheduled again", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    const entry = TimerWheel.entry(() => fired++);
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
    const second = TimerWheel.entry(() => fired++);
    const first = TimerWheel.entry(() => {
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
    expect(wheel.size).toBe(1);
  });

  it("fires the others when one throws, and says so", () => {
    const wheel = new TimerWheel(0);
    let fired = 0;
    for (let index = 0; index < 3; index++) {
      const entry = TimerWheel.entry(() => {
        fired++;
        if (index === 1) throw new Error("in between");
      });
      wheel.schedule(entry, 500);
    }
    expect(() => wheel.advance(500)).toThrow("in between");
    expect(fired).toBe(3);
  });
});
