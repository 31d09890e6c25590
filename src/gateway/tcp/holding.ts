import type { Batch } from "../../kernel/queue.ts";
import type { GatewayContext } from "../context.ts";
import { type Connection, giveUpHalves } from "./connections.ts";
import type { Departures } from "./departures.ts";
import { type HeldSegment, keep, mayGo } from "./held-segment.ts";

/** Milliseconds without the rest of a message after which something of it is sent ahead, and after which it is given up. */
const AHEAD = 30;
const PATIENCE = 5000;
/** Why a connection is given up of which a segment went as it came, in a stream that has other numbers. */
const NOT_SENT = "a segment has grown too large, or its verdict was refused";
/** Segments of all connections that may wait. */
const MOST_HELD = 4096;

/** Holding gives segments their verdicts, and holds those that wait for the rest of a message. */
export class Holding {
  readonly #context: GatewayContext;
  readonly #departures: Departures;
  /** Connections with segments that have no verdict yet. */
  readonly #waiting = new Set<Connection>();
  /** Those of which the present batch has segments. */
  readonly #touched = new Set<Connection>();
  #held = 0;

  constructor(context: GatewayContext, departures: Departures) {
    this.#context = context;
    this.#departures = departures;
  }

  /** Segments that are held. */
  get size(): number {
    return this.#held;
  }

  /** Takes in a segment of the present batch. */
  add(connection: Connection, segment: HeldSegment): void {
    connection.segments.push(segment);
    this.#waiting.add(connection);
    this.#touched.add(connection);
  }

  /**
   * Gives their verdicts to all segments that have been taken in and can go, and holds the others. Connections of
   * which this batch has nothing wait as they did: a phone that has many of them wait must not cost every packet.
   */
  concludeBatch(batch: Batch): void {
    for (const connection of this.#touched) {
      this.#touched.delete(connection);
      try {
        this.#conclude(connection, batch);
      } catch (error) {
        // Fail open: what is in the batch is accepted as it came, and must not be looked for in the next one, neither
        // among the segments nor among the bytes that wait.
        this.#failed(connection, error);
        connection.segments = connection.segments.filter(({ packet }) => packet !== undefined);
      }
    }
  }

  /** Sees to those that have waited long. */
  tick(): void {
    const { now } = this.#context;
    for (const connection of this.#waiting) {
      const waited = now - (connection.waitingSince ?? now);
      const isLate = waited >= PATIENCE;
      if (isLate) this.#giveUp(connection, "the rest of a message did not come");
      this.release(connection, !isLate && waited >= AHEAD && !connection.flow.pinhole);
    }
  }

  /**
   * Gives the segments of a connection their verdicts that can go now; if that fails, all go as they came.
   *
   * @param ahead true to send something of a message that waits
   */
  release(connection: Connection, ahead = false): void {
    try {
      if (ahead) this.#sendAhead(connection);
      this.#conclude(connection, undefined);
    } catch (error) {
      this.#failed(connection, error);
      for (const segment of connection.segments.splice(0)) {
        if (segment.packet !== undefined) this.#held--;
        this.#departures.passAsItCame(segment);
      }
      this.#settle(connection);
    }
  }

  /** @param batch the present one, if it has any of the segments */
  #conclude(connection: Connection, batch: Batch | undefined): void {
    this.#departures.adjust(connection);
    const waits = (segment: HeldSegment): boolean => !mayGo(segment, connection.halves[segment.half]);
    if (this.#held >= MOST_HELD && connection.segments.some(waits)) {
      this.#giveUp(connection, "too many segments of other flows wait for the rest of their messages");
    }
    const { segments } = connection;
    const held: HeldSegment[] = [];
    connection.segments = held;
    for (const segment of segments) {
      if (waits(segment)) held.push(segment);
      else this.#send(connection, segment, () => this.#departures.send(connection, segment, batch));
    }
    for (const segment of held) {
      if (batch === undefined || segment.packet !== undefined) continue;
      keep(batch, segment);
      if (!connection.flow.pinhole) batch.hold(segment.index);
      segment.index = -1;
      this.#held++;
    }
    this.#settle(connection);
  }

  #settle(connection: Connection): void {
    if (connection.segments.length === 0) {
      connection.waitingSince = undefined;
      this.#waiting.delete(connection);
    } else connection.waitingSince ??= this.#context.now;
  }

  /** What cannot be sent as it should goes as it came, and its connection from there on. */
  #send(connection: Connection, segment: HeldSegment, send: () => boolean): void {
    if (segment.packet !== undefined) this.#held--;
    try {
      if (!send()) this.#giveUp(connection, NOT_SENT);
    } catch (error) {
      this.#departures.passAsItCame(segment);
      this.#failed(connection, error);
    }
  }

  #failed(connection: Connection, error: unknown): void {
    this.#giveUp(connection, "an internal error");
    this.#context.budget.warn(this.#context.now, { err: error }, "segments pass unmodified");
  }

  #giveUp(connection: Connection, reason: string): void {
    giveUpHalves(connection);
    const { now, budget, counters } = this.#context;
    counters.passed["stream-given-up"]++;
    budget.warn(now, { flow: connection.flow.ends, reason }, "TCP flow passes as it is from here on");
  }

  #sendAhead(connection: Connection): void {
    for (const name of ["outbound", "inbound"] as const) {
      const half = connection.halves[name];
      const segment = connection.segments
        .filter((each) => each.half === name && each.payload.length > 0)
        .sort((one, another) => one.start - another.start)[0];
      const rendered = segment && half?.sendAhead(segment.start, segment.payload);
      if (segment === undefined || rendered === undefined) continue;
      this.#departures.adjust(connection);
      connection.segments = connection.segments.filter((each) => each !== segment);
      this.#send(connection, segment, () =>
        this.#departures.sendAs(connection, segment, rendered, undefined),
      );
    }
  }
}
