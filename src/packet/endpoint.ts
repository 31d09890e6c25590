/** The transports SIP and media travel on. */
export type Transport = "udp" | "tcp";

/**
 * Endpoint is one transport address.
 *
 * `host` is a canonical IP literal without brackets or zone ("192.0.2.1", "2001:db8::1"), so two endpoints
 * are the same exactly when their fields are; `port` is in host byte order.
 */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The two ends of the flow a message travels on, as the inside and the outside see them. */
export interface FlowEnds {
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  readonly remote: Endpoint;
  readonly transport: Transport;
}

/** True when two endpoints are the same. */
export function isSameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.host === other.host && one.port === other.port;
}
