import type { Transport } from "../packet/endpoint.ts";
import type { Arming } from "../table/arming.ts";
import type { Component, Stream } from "../table/streams.ts";
import type { Wanted } from "../table/wanted.ts";

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

  arm(component: Component, wanted: readonly Wanted[]): void {
    component.stream.master = "present";
    this.#note("open", component, wanted);
  }

  renew(): void {
    // What stands open already stays so.
  }

  disarm(component: Component, wanted: readonly Wanted[]): void {
    this.#note("close", component, wanted);
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

  #note(kind: "open" | "close", component: Component, wanted: readonly Wanted[]): void {
    const { media, target } = component.stream;
    for (const one of wanted) {
      this.#changes.push({ kind, media, transport: target.transport, component, wanted: one });
    }
  }
}
