import type { ScriptEnd } from "./script-end.ts";

/** Milliseconds between two packets, and after which the audio has failed. */
const INTERVAL = 20;
const PATIENCE = 5000;
let streams = 0;

/**
 * Sends media from one end to "host:port" as a phone does, a packet each 20 ms, until `receiver` hears it from
 * `source`: unlike a single packet, it may begin while the gateway is still about to let it through.
 *
 * Rejects, saying where it was heard from instead, if anywhere, when 5 seconds have passed.
 */
export async function untilHeard(
  sender: ScriptEnd,
  to: string,
  receiver: ScriptEnd,
  source: string,
): Promise<void> {
  const payload = `stream ${streams++}`;
  const timer = setInterval(() => sender.send(to, payload), INTERVAL);
  const deadline = Date.now() + PATIENCE;
  try {
    for (;;) {
      const heard = await receiver.next();
      if (heard.text !== payload) continue;
      if (heard.source === source) return;
      if (Date.now() > deadline)
        throw new Error(
          `${receiver.address} hears ${sender.address} from ${heard.source} instead of ${source}.`,
        );
    }
  } finally {
    clearInterval(timer);
  }
}
