/** "host:port", an IPv6 host in brackets (RFC 5952 §6), as two parts; the host without them. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  return { host: host.startsWith("[") ? host.slice(1, -1) : host, port: Number(address.slice(colon + 1)) };
}

/** The inverse of splitAddress. */
export function joinAddress(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

/** A host as it stands in a URI (RFC 3261 §25.1): IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
