const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const pending: Array<() => void> = [];
let listening = false;

/**
 * atExit runs `undo` once: when the returned function is called, or else when this process ends by its own
 * will, an uncaught error, SIGINT, SIGTERM or SIGHUP. What was registered last is undone first.
 *
 * `undo` must be synchronous: a process that is ending waits for nothing.
 */
export function atExit(undo: () => void): () => void {
  if (!listening) {
    listening = true;
    process.on("exit", undoAll);
    for (const signal of SIGNALS) process.on(signal, () => endBy(signal));
  }
  pending.push(undo);
  return () => {
    const place = pending.indexOf(undo);
    if (place < 0) return;
    pending.splice(place, 1);
    undo();
  };
}

function undoAll(): void {
  for (let undo = pending.pop(); undo; undo = pending.pop()) {
    try {
      undo();
    } catch (error) {
      // One undo that fails must not keep the others from running.
      process.stderr.write(`lab: cleaning up: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

function endBy(signal: (typeof SIGNALS)[number]): void {
  undoAll();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
