import type { ArmFailure, Arming } from "../../src/table/arming.ts";
import type { MediaTarget } from "../../src/table/target.ts";
import { wantedKey } from "../../src/table/wanted.ts";

/** Records what the table asks for, in the order it asks. */
export class ArmingRecorder implements Arming {
  readonly asked: string[] = [];
  /** What the kernel says to the next requests, one each; it takes them once there is nothing more. */
  readonly refusals: ArmFailure[] = [];

  /** What the kernel says to requests that it answers later, as it does to those of one batch; undefined for now. */
  later: ((failure: ArmFailure) => void)[] | undefined;

  arm: Arming["arm"] = (component, wanted, failed) => {
    this.later?.push((failure) => failed(failure, wanted));
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      this.asked.push(`refuse ${component.kind}`);
      failed(refusal, wanted);
      return;
    }
    component.stream.master = "present";
    for (const one of wanted) this.asked.push(`arm ${component.kind} ${wantedKey(one)}`);
  };

  renew: Arming["renew"] = (component, wanted) => {
    for (const one of wanted) this.asked.push(`renew ${component.kind} ${wantedKey(one)}`);
  };

  disarm: Arming["disarm"] = (component, wanted) => {
    for (const one of wanted) this.asked.push(`disarm ${component.kind} ${wantedKey(one)}`);
  };

  release: Arming["release"] = (stream) => {
    stream.master = "absent";
    this.asked.push("release");
  };

  /** What was asked for since the last call. */
  take(): string[] {
    return this.asked.splice(0);
  }
}

/** What an SDP says of an audio line, its RTCP on the next port. */
export function target(host: string, port: number, more: Partial<MediaTarget> = {}): MediaTarget {
  return {
    index: 0,
    media: "audio",
    transport: "udp",
    rtp: { host, port },
    rtcp: { host, port: port + 1 },
    mux: false,
    count: 1,
    held: false,
    ...more,
  };
}
