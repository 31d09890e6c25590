import { ipv4ToNumber, numberToIpv4 } from "../packet/ipv4.ts";
import type { PacketView } from "../packet/packet-view.ts";
import type { Binding } from "../table/bindings.ts";
import type { Flow } from "../table/flows.ts";
import { endpointKey, type GatewayContext } from "./context.ts";

/** The flow between a binding and a remote endpoint, made on first sight and not yet pinned. */
export function flowOf(context: GatewayContext, binding: Binding, address: number, port: number): Flow {
  const key = endpointKey(address, port);
  let flow = binding.flows.get(key);
  if (flow === undefined) {
    const remote = context.bindings[binding.transport].remote(key, () => ({
      host: numberToIpv4(address),
      port,
    }));
    flow = {
      ends: {
        inside: binding.inside,
        outside: { host: context.external.advertised, port: binding.port },
        remote,
        transport: binding.transport,
      },
      pinhole: context.modeOf(ipv4ToNumber(binding.inside.host) ?? 0, address) === "pinhole",
      verifiedAt: undefined,
    };
    binding.flows.set(key, flow);
  }
  return flow;
}

/** The payload as text, one latin1 character per byte. */
export function payloadText(packet: PacketView, bytes: Buffer): string {
  return bytes.toString("latin1", packet.payloadOffset, packet.payloadOffset + packet.payloadLength);
}
