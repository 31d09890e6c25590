import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** One UDP address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How an address is written in reports and compared: "203.0.113.1:5060". */
export function formatAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}

/**
 * Opens a UDP socket bound to exactly this address.
 *
 * Rejects as node:dgram does (EADDRINUSE, EADDRNOTAVAIL).
 */
export async function openSocket({ host, port }: Address): Promise<Socket> {
  const family = host.includes(":") ? 6 : 4;
  const socket = createSocket({
    type: `udp${family}`,
    // Only literals are ever sent to; without this every packet would wait for a resolver that has nothing to do.
    lookup: (literal, _options, done) => done(null, literal, family),
  });
  // That lookup answers at once, so the socket may be listening before bind() returns.
  const listening = once(socket, "listening");
  socket.bind({ address: host, port, exclusive: true });
  await listening;
  socket.setRecvBufferSize(1 << 20);
  return socket;
}
