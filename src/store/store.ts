import { createHash } from "node:crypto";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { TableRecord } from "../table/record.ts";

/** What has become of the record of one key: what it is now, or undefined when there is none any more. */
export interface Change {
  readonly key: string;
  readonly record: TableRecord | undefined;
}

/**
 * Store keeps the table beyond the process.
 *
 * A life of it is: load() once, write() what is kept of it and whatever changes, settle() once all that is kept
 * has been written, close(); each after the one before it is done. Until settle() the next start finds what this
 * one found, however this one ends.
 */
export interface Store {
  /**
   * Gives what the last process wrote, each record checked; what cannot be read is logged and left out.
   *
   * Throws StoreError when there is something and the means to read it fail; it is still there for the next start.
   */
  load(): AsyncIterable<TableRecord>;
  /**
   * Writes changes in their order, all or none; resolves when they would survive a power cut.
   *
   * Rejects with StoreError, and may then be called again.
   */
  write(changes: readonly Change[]): Promise<void>;
  /** Forgets what was loaded and has not been written again. Rejects with StoreError, as write() does. */
  settle(): Promise<void>;
  /** Ends it, after what was asked before. Never rejects. */
  close(): Promise<void>;
}

/** Returns the key of a binding's record. */
export function bindingKey(transport: Transport, inside: Endpoint): string {
  return `binding ${transport} ${inside.host} ${inside.port}`;
}

/** The longest Call-ID that stands in a key as it is; LMDB allows keys of 1978 bytes. */
const LONGEST_CALL_ID = 255;

/** Returns the key of a call's record. A Call-ID may fill a whole message, so a long one goes in by its digest. */
export function callKey(transport: Transport, inside: Endpoint, callId: string): string {
  const of = `call ${transport} ${inside.host} ${inside.port}`;
  if (callId.length <= LONGEST_CALL_ID) return `${of} id ${callId}`;
  return `${of} sha256 ${createHash("sha256").update(callId).digest("hex")}`;
}
