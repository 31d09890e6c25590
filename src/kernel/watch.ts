/** A subscription to what the kernel announces. */
export interface Watch {
  /** Ends it; safe to call twice. */
  close(): void;
}
