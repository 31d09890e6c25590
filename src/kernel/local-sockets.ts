import { readFileSync } from "node:fs";

/**
 * LocalSockets knows which UDP ports sockets of this host hold, so that no external port is taken from them. It
 * is read anew by `refresh`, away from the packet path.
 */
export class LocalSockets {
  #udp: ReadonlySet<number> = new Set();

  constructor() {
    this.refresh();
  }

  /** True when a local socket holds this port. */
  holds(port: number): boolean {
    return this.#udp.has(port);
  }

  refresh(): void {
    this.#udp = new Set([...portsIn("/proc/net/udp"), ...portsIn("/proc/net/udp6")]);
  }
}

/** The local ports in a table of proc_net_udp(5): the second field is address:port in hexadecimal. */
function portsIn(path: string): number[] {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch {
    // A kernel without IPv6 has no such file, and then no such sockets.
    return [];
  }
  const ports: number[] = [];
  for (const line of text.split("\n").slice(1)) {
    const local = line.trim().split(/\s+/)[1];
    if (local !== undefined) ports.push(Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16));
  }
  return ports;
}
