import { constants } from "node:os";
import { errorCode } from "./kernel-error.ts";
import { MessageWriter } from "./message-writer.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";

/** Bytes no message of ctnetlink that we write exceeds. */
const LARGEST_MESSAGE = 512;
/** Most messages in one send; the largest job must fit. */
const MOST_MESSAGES = 256;

/**
 * Job is a piece of work that takes one or more kernel requests and is finished by their outcome.
 *
 * `encode` writes exactly `messages` requests; `settle` is told the errno of each, from `errnos[at]` on.
 */
export interface Job {
  readonly messages: number;
  encode(writer: MessageWriter): void;
  settle(errnos: Int32Array, at: number): void;
}

/** RequestBatch collects jobs and sends as many of them as fit in one sendmsg. */
export class RequestBatch {
  readonly #socket: Pick<NetlinkSocket, "request">;
  readonly #writer = new MessageWriter(MOST_MESSAGES * LARGEST_MESSAGE);
  readonly #errnos = new Int32Array(MOST_MESSAGES);
  #jobs: Job[] = [];

  constructor(socket: Pick<NetlinkSocket, "request">) {
    this.#socket = socket;
  }

  /** How many jobs wait for the next flush. */
  get size(): number {
    return this.#jobs.length;
  }

  /** Throws RangeError when `job` is larger than one send can be. */
  add(job: Job): void {
    if (job.messages > MOST_MESSAGES) {
      throw new RangeError(`${job.messages} requests in one job, at most ${MOST_MESSAGES} are possible`);
    }
    this.#jobs.push(job);
  }

  /**
   * Does all jobs that were added before. What a `settle` adds waits for the next flush.
   *
   * Every job is settled even when one throws; the first error is thrown again at the end.
   */
  flush(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    const errors: unknown[] = [];
    // Those that are written and wait for the send are moved to the front of the list.
    let [written, count] = [0, 0];
    for (const job of jobs) {
      if (count + job.messages > MOST_MESSAGES) {
        this.#execute(jobs, written, errors);
        [written, count] = [0, 0];
      }
      if (!this.#encode(job, errors)) continue;
      jobs[written++] = job;
      count += job.messages;
    }
    this.#execute(jobs, written, errors);
    if (errors.length > 0) throw errors[0];
  }

  /** A job that cannot be written (an address that is none, say) fails alone. */
  #encode(job: Job, errors: unknown[]): boolean {
    const before = this.#writer.length;
    try {
      job.encode(this.#writer);
      return true;
    } catch (error) {
      this.#writer.length = before;
      errors.push(error);
      settle(job, new Int32Array(job.messages).fill(constants.errno.EINVAL), 0, errors);
      return false;
    }
  }

  /** Sends the requests of the first `count` jobs, which are written, and settles them. */
  #execute(jobs: readonly Job[], count: number, errors: unknown[]): void {
    if (count === 0) return;
    this.#send();
    let at = 0;
    for (let index = 0; index < count; index++) {
      const job = jobs[index];
      if (job === undefined) return;
      settle(job, this.#errnos, at, errors);
      at += job.messages;
    }
  }

  /** A socket that fails (ENOBUFS, say) fails every request of the send, so that each job hears of it. */
  #send(): void {
    const errnos = this.#errnos;
    try {
      this.#socket.request(this.#writer, errnos);
    } catch (error) {
      const known: Record<string, number | undefined> = constants.errno;
      errnos.fill(known[errorCode(error)] ?? constants.errno.EIO);
    }
    this.#writer.clear();
  }
}

function settle(job: Job, errnos: Int32Array, at: number, errors: unknown[]): void {
  try {
    job.settle(errnos, at);
  } catch (error) {
    errors.push(error);
  }
}
