import { type Address, addressOf, endpointKey, hostOf } from "../packet/address.ts";
import type { SipPacket } from "../packet/sip-packet.ts";
import type { Binding } from "../table/binding.ts";
import type { Flow } from "../table/flows.ts";
import type { GatewayContext, Pinning } from "./context.ts";
import { outsideOf } from "./external-address.ts";

/** What the making of flows needs of the gateway. */
type FlowMaking = Pick<GatewayContext, "bindings" | "external" | "modeOf"> & {
  readonly pins: Pick<Pinning, "remove">;
};

/** The flow between a binding and a remote endpoint, made on first sight and not yet pinned. */
export function flowOf(context: FlowMaking, binding: Binding, address: Address, port: number): Flow {
  const key = endpointKey(address, port);
  let flow = binding.flows.get(key);
  if (flow === undefined) {
    const { inside, transport } = binding;
    const remote = context.bindings[transport].remote(key, () => ({ host: hostOf(address), port }));
    const { advertised, ipv6 } = context.external;
    const outside = outsideOf(binding.host, inside, binding.port, { host: advertised, ipv6 });
    flow = {
      ends: { inside, outside, remote, transport },
      pinhole: context.modeOf(addressOf(inside.host), address) === "pinhole",
      verifiedAt: undefined,
      routing: -1,
    };
    const putOut = binding.flows.set(key, flow);
    // A pin is ESTABLISHED, so that the kernel keeps it even where its table is full: whoever speaks in a provider's
    // name from one port after the other must not fill that. A TCP connection shows that its remote is there.
    if (putOut !== undefined && transport === "udp") context.pins.remove(binding, putOut);
  }
  return flow;
}

/** The payload as text, one latin1 character per byte. */
export function payloadText(packet: SipPacket, bytes: Buffer): string {
  return bytes.toString("latin1", packet.payloadOffset, packet.payloadOffset + packet.payloadLength);
}
