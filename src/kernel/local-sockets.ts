import { readFileSync } from "node:fs";
import type { Transport } from "../packet/endpoint.ts";
import { errorCode, KernelError } from "./kernel-error.ts";

/**
 * LocalSockets knows the ports that sockets of this network namespace hold: a port we handed out instead would
 * take their packets away. It is as old as the last `refresh`.
 */
export class LocalSockets {
  #ports: Readonly<Record<Transport, ReadonlySet<number>>> = { udp: new Set(), tcp: new Set() };

  /** Throws KernelError when the tables cannot be read. */
  constructor() {
    this.refresh();
  }

  /** Tells whether a socket is bound to that port, on whatever address. */
  holds(port: number, transport: Transport = "udp"): boolean {
    return this.#ports[transport].has(port);
  }

  /** Reads /proc/net/udp, tcp and their IPv6 kin anew. Throws KernelError when they cannot be read. */
  refresh(): void {
    this.#ports = { udp: readPorts("udp"), tcp: readPorts("tcp") };
  }
}

function readPorts(transport: Transport): Set<number> {
  const ports = new Set<number>();
  for (const path of [`/proc/net/${transport}`, `/proc/net/${transport}6`]) {
    try {
      addLocalPorts(readFileSync(path, "latin1"), ports);
    } catch (error) {
      // Without IPv6 in the kernel the second file does not exist.
      if (errorCode(error) !== "ENOENT") throw KernelError.from(`read ${path}`, error);
    }
  }
  return ports;
}

/**
 * Adds the local port of each line of a /proc/net/udp or /proc/net/tcp table to `ports`.
 *
 *     sl  local_address rem_address   st ...        (udp4_format_sock, tcp4_seq_show)
 *     12: 0100007F:13C4 00000000:0000 07 ...
 */
export function addLocalPorts(table: string, ports: Set<number>): void {
  let line = table.indexOf("\n") + 1;
  while (line > 0 && line < table.length) {
    const slot = table.indexOf(": ", line);
    const colon = table.indexOf(":", slot + 2);
    if (slot < 0 || colon < 0) return;
    ports.add(Number.parseInt(table.slice(colon + 1, colon + 5), 16));
    line = table.indexOf("\n", colon) + 1;
  }
}
