import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";

/**
 * One expectation that a component wants in the kernel. `source` undefined lets any host in; the outbound one
 * gives the phone's own first packet the component's external port.
 */
export type Wanted =
  | { readonly direction: "inbound"; readonly source: string | undefined }
  | { readonly direction: "outbound"; readonly remote: Endpoint };

/** The expectation that lets any host in: one object for all, as every offer has it. */
export const FROM_ANY: Wanted = { direction: "inbound", source: undefined };

/** The key of that. */
export const ANY_SOURCE = "in any";

/** The name of an expectation within its component. */
export function wantedKey(wanted: Wanted): string {
  if (wanted.direction === "outbound") return `out ${wanted.remote.host} ${wanted.remote.port}`;
  return wanted.source === undefined ? ANY_SOURCE : `in ${wanted.source}`;
}

/** True for two that have the same name. */
export function isSameWanted(one: Wanted, other: Wanted): boolean {
  if (one === other) return true;
  if (one.direction === "inbound") return other.direction === "inbound" && one.source === other.source;
  return other.direction === "outbound" && isSameEndpoint(one.remote, other.remote);
}

/** True when the SDP names this host as one that media may come from. */
export function names(wanted: readonly Wanted[], host: string): boolean {
  return wanted.some((one) => (one.direction === "inbound" ? one.source === host : one.remote.host === host));
}
