import { describe, expect, it } from "vitest";
import { PortPool } from "../../src/table/ports.ts";

const nobody = (): boolean => false;

describe("PortPool", () => {
  it("gives the port that is asked for", () => {
    const pool = new PortPool(1, { first: 5060, last: 5070 }, nobody);
    expect(pool.take(5065)).toBe(5065);
  });

  it("gives a port outside its range when that is asked for and free", () => {
    const pool = new PortPool(2, { first: 10_000, last: 10_009 }, nobody);
    expect(pool.take(4000)).toBe(4000);
    expect(pool.take(4000)).toBe(10_000);
  });

  it("never gives a privileged port, whatever is asked for", () => {
    const pool = new PortPool(1, { first: 5060, last: 5061 }, nobody);
    expect(pool.take(443)).toBe(5060);
  });

  it("gives an even port for an odd one, and the odd one above it with it", () => {
    const pool = new PortPool(2, { first: 10_000, last: 10_009 }, nobody);
    expect(pool.take(4001)).toBe(4000);
    expect(pool.take(4000)).toBe(10_000);
  });

  it("reuses the port that has been free for longest", () => {
    const pool = new PortPool(1, { first: 5060, last: 5062 }, nobody);
    const [first, second, third] = [pool.take(80), pool.take(80), pool.take(80)];
    expect([first, second, third]).toEqual([5060, 5061, 5062]);
    pool.give(5061);
    pool.give(5060);
    expect(pool.take(80)).toBe(5061);
    expect(pool.take(80)).toBe(5060);
  });

  it("has nothing to give when all its ports are out", () => {
    const pool = new PortPool(1, { first: 5060, last: 5061 }, nobody);
    pool.take(80);
    pool.take(80);
    expect(pool.take(80)).toBeUndefined();
  });

  it("leaves the ports of local sockets alone, wherever they lie", () => {
    const pool = new PortPool(2, { first: 10_000, last: 10_003 }, (port) => port === 10_001 || port === 4000);
    expect(pool.take(4000)).toBe(10_002);
    expect(pool.take(80)).toBeUndefined();
  });

  it("gives consecutive pairs for a line with several", () => {
    const pool = new PortPool(2, { first: 10_000, last: 10_009 }, nobody);
    expect(pool.take(10_002)).toBe(10_002);
    expect(pool.take(80, 2)).toBe(10_004);
    pool.give(10_004, 2);
    expect(pool.take(10_006)).toBe(10_006);
  });

  it("adopts a port in use by the kernel, once", () => {
    const pool = new PortPool(1, { first: 5060, last: 5070 }, nobody);
    expect(pool.adopt(5061)).toBe(true);
    expect(pool.adopt(5061)).toBe(false);
    expect(pool.take(5061)).toBe(5060);
  });

  it("gives nothing outside its range when it is strict", () => {
    const pool = new PortPool(1, { first: 5060, last: 5070 }, nobody, true);
    expect(pool.take(40_000)).toBe(5060);
    expect(pool.adopt(40_000)).toBe(false);
  });

  it("says which port was given back twice", () => {
    const pool = new PortPool(1, { first: 5060, last: 5070 }, nobody);
    pool.take(5060);
    pool.give(5060);
    expect(() => pool.give(5060)).toThrow("5060");
  });
});
