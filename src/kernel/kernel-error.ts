/**
 * KernelError is a request the kernel refused, or an answer of it that could not be read.
 *
 * `code` is the errno name ("EPERM"; "EBADMSG" for an unreadable answer), `op` what was being asked for in our
 * own words ("open conntrack", "dump expectations").
 */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly code: string;
  readonly op: string;

  constructor(op: string, code: string, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? `${op}: ${code}` : `${op}: ${code}: ${detail}`, options);
    this.op = op;
    this.code = code;
  }

  /** Wraps an Error of the addon or of node:fs, keeping its `code` and, as its cause, the error itself. */
  static from(op: string, cause: unknown): KernelError {
    if (cause instanceof KernelError) return cause;
    const code = errorCode(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    // Node and the addon put the code in front of their message; ours has it there already.
    const detail = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
    return new KernelError(op, code, detail, { cause });
  }
}

/** Returns the `code` of an Error thrown by the addon or by Node, "EIO" when it carries none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return "EIO";
}
