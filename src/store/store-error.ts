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
}
