import { cpus, release } from "node:os";

/** Where and when figures were taken. */
export interface Machine {
  readonly date: string;
  readonly processors: string;
  readonly kernel: string;
  readonly node: string;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    processors: `${processors.length} x ${processors[0]?.model ?? "unknown"}`,
    kernel: release(),
    node: process.version,
  };
}
