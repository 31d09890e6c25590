import type { Endpoint } from "../packet/endpoint.ts";

/**
 * One expectation that a component wants in the kernel. `source` undefined lets any host in; the outbound one
 * gives the phone's own first packet the component's external port.
 */
export type Wanted =
  | { readonly direction: "inbound"; readonly source: string | undefined }
  | { readonly direction: "outbound"; readonly remote: Endpoint };

/** The name of an expectation within its component. */
export function wantedKey(wanted: Wanted): string {
  return wanted.direction === "inbound"
    ? `in ${wanted.source ?? "any"}`
    : `out ${wanted.remote.host} ${wanted.remote.port}`;
}

/** The key of the expectation that lets any host in. */
export const ANY_SOURCE = wantedKey({ direction: "inbound", source: undefined });

/** True when the SDP names this host as one that media may come from. */
export function names(wanted: readonly Wanted[], host: string): boolean {
  return wanted.some((one) => (one.direction === "inbound" ? one.source === host : one.remote.host === host));
}
