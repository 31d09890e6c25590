import type { Binding } from "../../table/binding.ts";
import type { Call } from "../../table/call.ts";
import type { GatewayContext } from "../context.ts";
import { type BindingRow, bindingRow } from "./binding.ts";
import { type CallRow, callRow } from "./call.ts";
import type { TimeOf } from "./ending.ts";
import { type StreamRow, streamRow } from "./stream.ts";

/** Which rows are wanted: all, those of one inside address, those of one call. */
export interface RowFilter {
  /** A canonical IP literal. */
  readonly inside?: string | undefined;
  readonly callId?: string | undefined;
}

/**
 * Rows shows what is in the table, as plain values that JSON can carry.
 *
 * Each method takes note of what there is when it is first asked for a row, and makes the rows one by one: whoever
 * asks may pause between them, as the table goes on changing. What has ended by then is left out, what has begun is
 * not in it, and nothing is in it twice.
 */
export class Rows {
  readonly #context: Pick<GatewayContext, "bindings" | "calls" | "external">;
  readonly #clock: () => number;

  /** @param clock milliseconds, monotonic: the clock of the table */
  constructor(context: Pick<GatewayContext, "bindings" | "calls" | "external">, clock: () => number) {
    this.#context = context;
    this.#clock = clock;
  }

  *bindings({ inside }: Pick<RowFilter, "inside"> = {}): Generator<BindingRow> {
    const { bindings, external } = this.#context;
    const time = this.#time();
    for (const each of Object.values(bindings)) {
      const noted: Binding[] = [];
      for (const one of each.values())
        if (inside === undefined || one.inside.host === inside) noted.push(one);
      for (const one of noted) {
        if (each.byInside(one.key) !== one) continue;
        yield bindingRow(one, each.endingOf(one), external, this.#clock(), time);
      }
    }
  }

  *calls(filter: RowFilter = {}): Generator<CallRow> {
    const { calls } = this.#context;
    const time = this.#time();
    for (const call of this.#noted(filter)) yield callRow(call, calls.life.endingOf(call), time);
  }

  *streams(filter: RowFilter = {}): Generator<StreamRow> {
    const { calls, external } = this.#context;
    const time = this.#time();
    for (const call of this.#noted(filter)) {
      for (const stream of [...call.streams.values()]) {
        // Freed since the row before it.
        if (!call.streams.has(stream)) continue;
        yield streamRow(call, stream, calls.life.endingOf(call), external, time);
      }
    }
  }

  *#noted({ inside, callId }: RowFilter): Generator<Call> {
    const { calls } = this.#context;
    const noted: Call[] = [];
    for (const call of calls.values()) {
      if (inside !== undefined && call.binding.inside.host !== inside) continue;
      if (callId === undefined || call.callId === callId) noted.push(call);
    }
    for (const call of noted) if (calls.find(call.binding, call.callId) === call) yield call;
  }

  #time(): TimeOf {
    // Taken anew for each listing: the system's clock may have been set since the start.
    const epoch = Date.now() - this.#clock();
    return (milliseconds) => new Date(epoch + milliseconds).toISOString();
  }
}
