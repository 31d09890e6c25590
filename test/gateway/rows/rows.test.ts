import { beforeEach, describe, expect, it } from "vitest";
import { schema } from "../../../src/config/schema.ts";
import { externalAddress } from "../../../src/gateway/external-address.ts";
import { Rows } from "../../../src/gateway/rows/rows.ts";
import { makeTables, type Tables } from "../../../src/gateway/tables.ts";
import type { ArmFailed, Arming } from "../../../src/table/arming.ts";
import type { Binding } from "../../../src/table/binding.ts";
import type { Call } from "../../../src/table/call.ts";
import { unobserved } from "../../../src/table/observer.ts";
import type { Component, Stream } from "../../../src/table/streams.ts";
import type { MediaTarget } from "../../../src/table/target.ts";
import { TimerWheel } from "../../../src/table/timer-wheel.ts";
import { wantedKey } from "../../../src/table/wanted.ts";

const EXTERNAL = "203.0.113.1";
const PEER = "203.0.113.2";
const REMOTE = { host: "203.0.113.3", port: 20_000 };
const silent = (): void => undefined;
describe("Rows", () => {
  let tables: Tables;
  let rows: Rows;
  let wheel: TimerWheel;
  let now: number;
  /** What the kernel says to the next arming. */
  let armed: (wanted: Parameters<Arming["arm"]>[1], failed: ArmFailed) => void;
  let keys: number;

  beforeEach(() => {
    now = 0;
    keys = 0;
    armed = silent;
    wheel = new TimerWheel(0);
    const arming: Arming = {
      arm: (_component, wanted, failed) => armed(wanted, failed),
      renew: silent,
      disarm: silent,
      release: silent,
    };
    tables = makeTables(schema.parse({}), 100, wheel, arming, unobserved, () => false);
    rows = new Rows({ ...tables, external: externalAddress(EXTERNAL, undefined) }, () => now);
  });

  function bind(host = "192.168.50.10"): Binding {
    const key = keys++;
    const binding = tables.bindings.udp.create(key, { host, port: 5060 + key }, now);
    if (typeof binding === "string") throw new Error(binding);
    return binding;
  }

  function target(port: number): MediaTarget {
    const host = "192.168.50.10";
    const rtp = { host, port };
    return {
      index: 0,
      media: "audio",
      transport: "udp",
      rtp,
      rtcp: undefined,
      mux: false,
      count: 1,
      held: false,
    };
  }

  function offer(call: Call, port = 4000): Stream {
    const stream = tables.calls.stream(call, target(port), PEER);
    if (typeof stream === "string") throw new Error(stream);
    tables.calls.insideSaid(call, "inside", [stream], [false]);
    tables.calls.settle(call, now);
    return stream;
  }

  function answer(call: Call): void {
    tables.calls.remoteSaid(call, "b", [{ ...target(0), rtp: REMOTE }]);
    tables.calls.answered(call, "inside b", now);
    tables.calls.settle(call, now);
  }

  function flow({ components: [component] }: Stream): Component {
    if (component === undefined) throw new Error("The stream has no component.");
    for (const one of component.wanted) tables.calls.expectations.gone(component, wantedKey(one), now);
    tables.calls.expectations.flowBegan(component, REMOTE, now, true);
    return component;
  }

  /** Milliseconds until an ISO 8601 time, by the clock that the rows are made with. */
  function until(time: string | undefined): number {
    return Math.round((Date.parse(time ?? "") - Date.now()) / 1000) * 1000;
  }

  describe("of bindings", () => {
    it("say until when and by whom a phone is registered", () => {
      const binding = bind();
      tables.bindings.udp.register(binding, "203.0.113.2 sip:alice@example.com", 3_600_000);
      tables.bindings.udp.register(binding, "203.0.113.4 sip:over@example.net", 0);
      const [row] = rows.bindings();
      expect(row).toMatchObject({
        transport: "udp",
        inside: { host: "192.168.50.10", port: 5060 },
        external: { host: EXTERNAL, port: 5060 },
        why: "registered",
        ends: { why: "registration-over" },
        registrations: [{ registrar: "203.0.113.2", address: "sip:alice@example.com" }],
      });
      expect(until(row?.registrations[0]?.until)).toBe(3_600_000);
      expect(until(row?.ends?.at)).toBe(3_632_000);
    });

    it("say that one which is not registered lives from its last packet on", () => {
      bind().spokeAt = -60_000;
      const [row] = rows.bindings();
      expect(row).toMatchObject({ why: "spoke-lately", ends: { why: "silent" }, registrations: [] });
      expect(until(row?.spokeAt)).toBe(-60_000);
      expect(until(row?.ends?.at)).toBe(540_000);
    });

    it("say that a silent one is kept by its calls alone", () => {
      const binding = bind();
      tables.calls.life.of(binding, "kept", 0);
      now = 700_000;
      expect([...rows.bindings()]).toMatchObject([{ why: "has-calls", calls: 1, ends: null }]);
    });

    it("are of one inside address where that is asked for", () => {
      bind();
      bind("192.168.50.11");
      const found = [...rows.bindings({ inside: "192.168.50.11" })];
      expect(found.map(({ inside }) => inside.host)).toEqual(["192.168.50.11"]);
    });

    it("leave out what ends between two of them, take in nothing new, and repeat none", () => {
      const made = Array.from({ length: 300 }, (_, index) => bind(`192.168.51.${index % 250}`));
      const listing = rows.bindings();
      const seen = [listing.next(), listing.next()].map(({ value }) => value?.inside.port);
      const closed = made.slice(100, 200);
      for (const binding of closed) tables.bindings.udp.close(binding);
      for (const { key, inside } of closed) tables.bindings.udp.create(key, inside, now);
      seen.push(...[...listing].map(({ inside }) => inside.port));
      const left = [...made.slice(0, 100), ...made.slice(200)];
      expect(seen).toEqual(left.map(({ inside }) => inside.port));
    });
  });

  describe("of calls", () => {
    let call: Call;

    beforeEach(() => {
      call = tables.calls.life.of(bind(), "a84b4c76e66710", 0);
    });

    function row(): ReturnType<Rows["calls"]> extends Iterable<infer Row> ? Row : never {
      const [found] = rows.calls();
      if (found === undefined) throw new Error("There is no call.");
      return found;
    }

    it("say of one that rings when it ends without an answer", () => {
      offer(call);
      expect(row()).toMatchObject({
        callId: "a84b4c76e66710",
        inside: { host: "192.168.50.10", port: 5060 },
        externalPort: 5060,
        remote: PEER,
        phase: "early",
        why: "unanswered",
        ends: { why: "unanswered" },
        streams: 1,
      });
      expect(until(row().ends?.at)).toBe(180_000);
    });

    it("say of an answered one that its media has still to come, and then that it keeps the call", () => {
      const stream = offer(call);
      answer(call);
      expect(row()).toMatchObject({
        phase: "answered",
        why: "dialog",
        ends: { why: "media-idle" },
        flowing: false,
      });
      flow(stream);
      expect(row()).toMatchObject({ why: "media-flows", ends: null, flowing: true });
    });

    it("say of one that has ended how long its ports are kept", () => {
      offer(call);
      tables.calls.life.end(call, "bye", 0);
      expect(row()).toMatchObject({ phase: "ended", why: "linger", ends: { why: "linger-over" } });
      expect(until(row().ends?.at)).toBe(5000);
    });

    it("are one call's where that is asked for", () => {
      tables.calls.life.of(call.binding, "other", 0);
      expect([...rows.calls({ callId: "other" })].map(({ callId }) => callId)).toEqual(["other"]);
      expect([...rows.calls({ inside: "192.168.50.99" })]).toEqual([]);
    });

    it("leave out one that is closed between two of them", () => {
      const other = tables.calls.life.of(bind("192.168.50.11"), "other", 0);
      const listing = rows.calls();
      expect(listing.next().value?.callId).toBe(call.callId);
      tables.calls.life.close(other);
      tables.calls.life.of(other.binding, "third", 0);
      expect([...listing]).toEqual([]);
    });
  });

  describe("of streams", () => {
    let call: Call;

    beforeEach(() => {
      call = tables.calls.life.of(bind(), "a84b4c76e66710", 0);
    });

    it("say what is expected while nobody has answered", () => {
      const { id } = offer(call);
      const [row] = rows.streams();
      expect(row).toMatchObject({
        callId: "a84b4c76e66710",
        media: "audio",
        why: "announced",
        ends: { why: "unanswered" },
        master: { id, peer: PEER },
        slots: 1,
        components: [
          {
            kind: "rtp",
            inside: { host: "192.168.50.10", port: 4000 },
            external: { host: EXTERNAL, port: 4000 },
            state: "armed",
            waitsFor: "packet",
            expectations: [{ direction: "inbound", source: "any" }],
            flow: null,
            lacks: null,
            slots: 1,
            rank: "unanswered",
          },
        ],
      });
    });

    it("say with whom media flows, that it needs no slot, and that it waits for SDP when it is over on hold", () => {
      const stream = offer(call);
      answer(call);
      const component = flow(stream);
      expect([...rows.streams()]).toMatchObject([
        {
          ends: null,
          slots: 0,
          components: [{ state: "flowing", flow: { remote: REMOTE }, waitsFor: null }],
        },
      ]);
      tables.calls.remoteSaid(call, "b", [{ ...target(0), rtp: REMOTE, held: true }]);
      tables.calls.settle(call, now);
      tables.calls.expectations.flowEnded(component, REMOTE, now);
      expect([...rows.streams()]).toMatchObject([
        { components: [{ state: "idle", waitsFor: "sdp", wanted: [] }] },
      ]);
    });

    it("say why one waits for a slot of the kernel's", () => {
      armed = (wanted, failed) => failed("busy", wanted);
      offer(call);
      expect([...rows.streams()]).toMatchObject([
        { slots: 0, components: [{ state: "waiting", reason: "kernel-busy", waitsFor: "slot" }] },
      ]);
    });

    it("tell one that no SDP names any more, and those of a call that has ended", () => {
      offer(call, 4000);
      offer(call, 4002);
      const whys = (): unknown[] => [...rows.streams()].map(({ why }) => why);
      expect(whys()).toEqual(["superseded", "announced"]);
      tables.calls.life.end(call, "bye", 0);
      expect(whys()).toEqual(["linger", "linger"]);
    });

    it("repeat none that gets another id between two of them, and leave out what is freed", () => {
      const first = offer(call, 4000);
      offer(call, 4002);
      const last = offer(call, 4004);
      const listing = rows.streams();
      expect(listing.next().value?.master.id).toBe(first.id);
      // The kernel has something else under this id: the stream is given another, and stands last in the table.
      armed = (wanted, failed) => {
        armed = silent;
        failed("id-taken", wanted);
      };
      tables.calls.expectations.masterGone(last, now);
      tables.calls.agreed(call, undefined, now);
      expect([...listing].map(({ components }) => components[0]?.inside.port)).toEqual([4004]);
    });
  });
});
