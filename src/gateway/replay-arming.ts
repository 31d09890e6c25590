import type { Transport } from "../packet/endpoint.ts";
import type { Arming } from "../table/calls.ts";
import type { Component, Stream, Wanted } from "../table/streams.ts";

/** One thing that the kernel would be asked to do for a call's media. */
export type MediaChange =
  | {
      readonly kind: "open" | "close";
      readonly media: string;
      readonly transport: Transport;
      readonly component: Component;
      readonly wanted: Wanted;
    }
  /** All that is left of a stream goes with its master. */
  | { readonly kind: "release"; readonly media: string; readonly stream: Stream };

/** RecordedArming writes down what KernelArming would ask of the kernel, and takes it all for done. */
export class RecordedArming implements Arming {
  #changes: MediaChange[] = [];

  arm(stream: Stream, component: Component, wanted: readonly Wanted[]): void {
    stream.master = "present";
    this.#note("open", stream, component, wanted);
  }

  disarm(stream: Stream, component: Component, wanted: readonly Wanted[]): void {
    this.#note("close", stream, component, wanted);
  }

  hasFlow(): boolean {
    return true;
  }

  release(stream: Stream): void {
    stream.master = "absent";
    this.#changes.push({ kind: "release", media: stream.media, stream });
  }

  /** What was asked for since this was last called. */
  take(): readonly MediaChange[] {
    const taken = this.#changes;
    this.#changes = [];
    return taken;
  }

  #note(kind: "open" | "close", stream: Stream, component: Component, wanted: readonly Wanted[]): void {
    for (const one of wanted) {
      this.#changes.push({ kind, media: stream.media, transport: stream.transport, component, wanted: one });
    }
  }
}
