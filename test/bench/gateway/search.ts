import type { HelpedGateway, Run } from "./helped-gateway.ts";

/** Of a thousand packets so many may be lost for a rate to count as carried. */
const LOSS = 0.001;
/** Where the search begins that knows nothing; its steps are then doubled rates, else small ones. */
const FIRST = 8000;
const [WIDE, NARROW] = [2, 1.15];
/** The search ends when it knows the rate this well. */
const PRECISION = 1.04;
/** A sender that is not given the time to send at a rate offers less; of what is asked, so much makes it that rate. */
const OFFERED = 0.95;
/** An attempt that carries no more than this in parts of the best one has found nothing better. */
const BETTER = 1.02;
/** Of the packets, so many make it worth another attempt. */
const NEARLY = 0.9;
/** Seconds of one attempt. */
const SECONDS = 1;
const [LOWEST, HIGHEST] = [250, 1_000_000];

/**
 * Finds the packets a second that are carried: with what is offered less than one packet in a thousand is lost, or not
 * done to what the helper is there for; the rate is what has arrived of it while it was sent, so that a queue that fills
 * up does not pass for throughput. What is nearly carried at the first attempt gets another one, as the machine does
 * other things too.
 *
 * @param near where the last search ended
 */
export async function highestCarried(gateway: HelpedGateway, near?: number): Promise<number> {
  const step = near === undefined ? WIDE : NARROW;
  let [best, carried, refused, idle] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for (let rate = near ?? FIRST; rate > LOWEST && rate < HIGHEST && refused / carried > PRECISION; ) {
    const run = await attempt(gateway, rate);
    const offered = run.sent / SECONDS;
    if (isCarried(run)) {
      carried = Math.max(carried, offered);
      const arrived = (run.within / SECONDS) * (run.done / run.received);
      idle = arrived > best * BETTER ? 0 : idle + 1;
      best = Math.max(best, arrived);
      // There is no more to be offered, or more only fills the queue.
      if (offered < rate * OFFERED || idle === 2) break;
    } else refused = Math.min(refused, offered);
    if (carried === 0) rate = refused / step;
    else rate = Number.isFinite(refused) ? Math.sqrt(carried * refused) : carried * step;
  }
  return best;
}

async function attempt(gateway: HelpedGateway, rate: number, isLast = false): Promise<Run> {
  const run = await gateway.run([rate, SECONDS]);
  if (isCarried(run)) return run;
  await gateway.forget();
  return isLast || run.done < run.sent * NEARLY ? run : attempt(gateway, rate, true);
}

function isCarried({ sent, done }: Run): boolean {
  return sent > 0 && done / sent > 1 - LOSS;
}
