import { HelpedGateway } from "./helped-gateway.ts";
import { highestCarried } from "./search.ts";
import type { Work } from "./work.ts";

/** Milliseconds between looks at the memory. */
const SAMPLE = 1000;
/** Of the packets, so many go first: the engine has then compiled its code and found the size of its heap. */
const FIRST_SHARE = 0.1;

/** What many packets left in memory. */
export interface Memory {
  readonly kind: "memory";
  readonly work: string;
  readonly rate: number;
  readonly packets: number;
  readonly lost: number;
  /** Megabytes resident: the median of the second tenth of the time, that of the last tenth, and the most. */
  readonly rssMB: { readonly early: number; readonly late: number; readonly most: number };
}

/** Sends packets of a work at half of the maximum, and looks at the memory of sipexpectd meanwhile. */
export async function memory(work: Work, packets: number): Promise<Memory> {
  const gateway = await HelpedGateway.open("sipexpectd");
  try {
    await gateway.take(work);
    const rate = Math.round((await highestCarried(gateway)) / 2);
    const stop = watchMemory(gateway);
    const { sent, received } = await gateway.run([rate, packets / rate]);
    const samples = stop();
    const tenth = Math.ceil(samples.length * FIRST_SHARE);
    return {
      kind: "memory",
      work: work.name,
      rate,
      packets: sent,
      lost: sent - received,
      rssMB: {
        early: middle(samples.slice(tenth, 2 * tenth)),
        late: middle(samples.slice(-tenth)),
        most: Math.max(...samples),
      },
    };
  } finally {
    gateway.close();
  }
}

/** Looks at the memory of a gateway's helper now and once a second; returns what ends that: all it saw, in MB. */
export function watchMemory(gateway: HelpedGateway): () => number[] {
  const samples: number[] = [];
  const sample = (): void => {
    samples.push(Math.round(gateway.memory));
  };
  sample();
  const timer = setInterval(sample, SAMPLE);
  return () => {
    clearInterval(timer);
    sample();
    return samples;
  };
}

function middle(samples: readonly number[]): number {
  return samples.toSorted((one, other) => one - other)[Math.floor(samples.length / 2)] ?? 0;
}
