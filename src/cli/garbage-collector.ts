import { setFlagsFromString } from "node:v8";

/**
 * Has V8 keep the heap close to what is in use. By itself it lets a heap of long-lived tables grow to twice that: a
 * process with 100,000 bindings and 20,000 streams is then half as large again. To be called before the tables are
 * made.
 */
export function tuneGarbageCollector(): void {
  // The space of young objects stays as it begins, so that less of what dies soon is moved among what lasts.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=50");
  // This thread moves what lives on, and no other one: it would wait for theirs to get a processor, of which a gateway
  // has few, and which have the packets of the same moment to carry.
  setFlagsFromString("--no-parallel-scavenge");
}
