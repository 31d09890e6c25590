/**
 * StoreError is a store that cannot be opened, read or written.
 *
 * `code` is the errno name where there is one ("ENOSPC", "EROFS"), `path` the file or folder at fault, and
 * `remedy` what the admin can do; the message has all three.
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly path: string;
  readonly code: string;
  readonly remedy: string;

  constructor(path: string, code: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${path}: ${problem} (${code}); ${remedy}`, options);
    this.path = path;
    this.code = code;
    this.remedy = remedy;
  }

  /** One that stems from an error of Node, whose code it takes; "EIO" where that has none. */
  static from(cause: unknown, path: string, problem: string, remedy: string): StoreError {
    const has = cause instanceof Error && "code" in cause && typeof cause.code === "string";
    return new StoreError(path, has ? String(cause.code) : "EIO", problem, remedy, { cause });
  }
}
