/** Kept is a thing of which a record outlives the process. */
export interface Kept {
  /** What whoever writes the records notes of it while one waits to be written; nobody else looks at it. */
  unwritten: object | undefined;
}
