/** PortRange is an inclusive range of port numbers in host byte order. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}
