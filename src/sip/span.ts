/** A half-open range of offsets into the scanned text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
