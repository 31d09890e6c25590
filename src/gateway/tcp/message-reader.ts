import type { Edit } from "../../translate/translation.ts";
import type { GatewayContext, Outcome } from "../context.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import type { Connection } from "./connections.ts";
import type { HalfName } from "./held-segment.ts";
import type { StreamReader } from "./stream-half.ts";

const NO_EDITS: readonly Edit[] = [];

/** MessageReader has the messages of connections translated, and counts what became of them. */
export class MessageReader {
  readonly #context: GatewayContext;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #notSip: (connection: Connection) => void;

  /** @param notSip told of a connection that begins with something else */
  constructor(
    context: GatewayContext,
    outbound: Outbound,
    inbound: Inbound,
    notSip: (connection: Connection) => void,
  ) {
    this.#context = context;
    this.#outbound = outbound;
    this.#inbound = inbound;
    this.#notSip = notSip;
  }

  /** The reader of one half of a connection. */
  of(connection: Connection, half: HalfName): StreamReader {
    const { counters } = this.#context;
    return {
      message: (text) => {
        connection.isSip = true;
        const outcome = this.#translate(text, connection, half);
        if (typeof outcome === "string") {
          counters.passed[outcome]++;
          return NO_EDITS;
        }
        counters.translated++;
        return outcome.edits;
      },
      left: () => {
        if (connection.isSip) counters.passed["not-sip"]++;
        else this.#notSip(connection);
      },
    };
  }

  #translate(text: string, { binding, flow }: Connection, half: HalfName): Outcome {
    try {
      const direction = half === "outbound" ? this.#outbound : this.#inbound;
      return direction.message(text, binding, flow);
    } catch (error) {
      // Fail open: the message passes as it came, and the stream goes on.
      this.#context.budget.warn(this.#context.now, { err: error }, "message passes unmodified");
      return "internal-error";
    }
  }
}
