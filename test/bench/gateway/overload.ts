import type { Bin } from "./ends.ts";
import { HelpedGateway } from "./helped-gateway.ts";
import { watchMemory } from "./memory.ts";
import { highestCarried } from "./search.ts";
import { backlogDropped } from "./usage.ts";
import type { Work } from "./work.ts";

/** Seconds of twice the maximum, of which the first are not counted, and of half of it afterwards. */
const [OVERLOADED, SETTLING, AFTERWARDS] = [10, 2, 5];
/** Tenths of a second in which less than one packet in a thousand may be lost for a gateway to have recovered. */
const STEADY = 10;
const LOSS = 0.001;

/** What sipexpectd did with twice of what it can carry. */
export interface Overload {
  readonly kind: "overload";
  readonly work: string;
  /** Packets a second: carried without loss, offered, and that arrived all the same. */
  readonly max: number;
  readonly offered: number;
  readonly arrived: number;
  /** Megabytes once the overload had begun, and the most until its end. */
  readonly rssMB: readonly [began: number, most: number];
  /** Milliseconds after the end of the overload from which on nothing was lost; -1 if it never came to that. */
  readonly recoveryMs: number;
  readonly lost: number;
  /** Of those lost: what `sipexpectd stats` says the queue dropped, and the kernel because of a full backlog. */
  readonly queueDropped: number;
  readonly backlogDropped: number;
}

/** Offers twice the maximum of a work, then half of it. */
export async function overload(work: Work): Promise<Overload> {
  const gateway = await HelpedGateway.open("sipexpectd");
  try {
    await gateway.take(work);
    const max = await highestCarried(gateway);
    const before = { queue: (await gateway.stats()).queue.dropped, backlog: backlogDropped() };
    const memory = watchMemory(gateway);
    const run = await gateway.run([2 * max, OVERLOADED], [max / 2, AFTERWARDS]);
    const samples = memory();
    const counted = run.bins.slice(SETTLING * 10, OVERLOADED * 10);
    const perSecond = (column: 0 | 1): number =>
      Math.round(counted.reduce((sum, bin) => sum + bin[column], 0) / (OVERLOADED - SETTLING));
    return {
      kind: "overload",
      work: work.name,
      max: Math.round(max),
      offered: perSecond(0),
      arrived: perSecond(1),
      rssMB: [samples[SETTLING] ?? 0, Math.max(...samples)],
      recoveryMs: recovery(run.bins.slice(OVERLOADED * 10)),
      lost: run.sent - run.received,
      queueDropped: (await gateway.stats()).queue.dropped - before.queue,
      backlogDropped: backlogDropped() - before.backlog,
    };
  } finally {
    gateway.close();
  }
}

/** The first tenth of a second from which on a whole second is carried, as milliseconds. */
function recovery(bins: readonly Bin[]): number {
  const isSteady = (from: number): boolean => {
    const some = bins.slice(from, from + STEADY);
    const sent = some.reduce((sum, bin) => sum + bin[0], 0);
    return some.reduce((sum, bin) => sum + bin[2], 0) > sent * (1 - LOSS);
  };
  for (let from = 0; from + STEADY <= bins.length; from++) if (isSteady(from)) return from * 100;
  return -1;
}
