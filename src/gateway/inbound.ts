import type { Transport } from "../packet/endpoint.ts";
import { canonicalHost, familyOf } from "../packet/host.ts";
import type { SipPacket } from "../packet/sip-packet.ts";
import { HeaderTable } from "../sip/headers.ts";
import type { SipMessage } from "../sip/message.ts";
import { scan } from "../sip/scan.ts";
import type { Binding } from "../table/binding.ts";
import type { Flow } from "../table/flows.ts";
import type { MediaTarget } from "../table/target.ts";
import { translateInbound } from "../translate/inbound.ts";
import { observeMedia } from "../translate/pinhole.ts";
import type { Translation } from "../translate/translation.ts";
import { addressee } from "./addressee.ts";
import { mayEnter } from "./admission.ts";
import { negotiates, noteRequest, progressCall, startsCall } from "./call-progress.ts";
import type { GatewayContext, Outcome } from "./context.ts";
import { flowOf, payloadText } from "./flow-of.ts";
import { InboundMapping } from "./inbound-mapping.ts";
import { MOST_LINES, mediaTarget } from "./media-target.ts";
import { noteRegistration } from "./registration.ts";
import { reportSkipped } from "./report.ts";

/** Inbound turns a packet from outside into what the phone expects to read. */
export class Inbound {
  readonly #context: GatewayContext;
  readonly #transport: Transport;
  readonly #mapping: InboundMapping;
  readonly #headers = new HeaderTable();

  /** @param transport what the packets are of; one instance serves one transport */
  constructor(context: GatewayContext, transport: Transport = "udp") {
    this.#context = context;
    this.#transport = transport;
    this.#mapping = new InboundMapping(context.calls, (port, transport, family) =>
      context.bindings[transport].byPort(port, family),
    );
  }

  /** @param bytes what `packet` is a view of */
  handle(packet: SipPacket, bytes: Buffer): Outcome {
    const context = this.#context;
    context.counters.inbound++;
    const binding = addressee(context, packet.destination, packet.destinationPort, this.#transport);
    if (typeof binding === "string") return binding;
    const admission = mayEnter(context, binding, packet.source);
    if (admission !== "allowed") return admission;
    const flow = flowOf(context, binding, packet.source, packet.sourcePort);
    const failure = context.pins.ensure(binding, flow, "inbound", context.now);
    if (failure !== undefined) {
      context.budget.warn(context.now, { flow: flow.ends, code: failure }, "flow could not be pinned");
      return "pin-failed";
    }
    if (packet.payloadLength === 0) return "empty";
    const scanned = scan(payloadText(packet, bytes), this.#headers);
    if (scanned.kind !== "message") return scanned.kind;
    return this.#translate(scanned.message, binding, flow);
  }

  /** Takes one message of a TCP connection. */
  message(text: string, binding: Binding, flow: Flow): Outcome {
    const scanned = scan(text, this.#headers);
    if (scanned.kind !== "message") return scanned.kind;
    return this.#translate(scanned.message, binding, flow);
  }

  #translate(message: SipMessage, binding: Binding, flow: Flow): Outcome {
    const context = this.#context;
    this.#mapping.begin(flow);
    const translation = flow.pinhole
      ? observeMedia(message)
      : translateInbound(message, flow.ends, this.#mapping);
    if (translation.kind === "skipped") return reportSkipped(context, message, translation, "inbound");
    noteRegistration(context, binding, flow, message);
    this.#follow(message, binding, flow, translation);
    if (flow.pinhole) return "mode-pinhole";
    if (translation.edits.length === 0) return "nothing-to-change";
    return { edits: translation.edits };
  }

  #follow(
    message: SipMessage,
    binding: Binding,
    flow: Flow,
    translation: Extract<Translation, { kind: "translated" }>,
  ): void {
    const { calls, now } = this.#context;
    const offers = translation.media.length > 0 && negotiates(message);
    const call = offers
      ? calls.life.of(binding, message.callId, now, flow.ends.remote.host)
      : calls.find(binding, message.callId);
    if (call === undefined) return;
    if (startsCall(message)) calls.revive(call, now);
    noteRequest(call, message);
    if (offers) {
      const targets: (MediaTarget | undefined)[] = [];
      const family = familyOf(binding.inside.host);
      const tag = message.kind === "request" ? message.fromTag : message.toTag;
      const before = call.remotes.get(tag);
      for (const { line } of translation.media.slice(0, MOST_LINES)) {
        // A host name, or an address of the other family, can be no expectation's: the line stays without one.
        if (canonicalHost(line.host) === undefined || familyOf(line.host) !== family) continue;
        const target = mediaTarget(line, before?.[line.index]?.rtp.host);
        // A hairpinned line is spoken to on the inside; nothing of it crosses the gateway.
        const isInside =
          this.#mapping.hairpinned.has(line.index) ||
          (family === "ipv6" && calls.streams.byEndpoint(target.rtp) !== undefined);
        targets[line.index] = isInside ? { ...target, held: true } : target;
      }
      calls.remoteSaid(call, tag, targets);
      calls.settle(call, now);
    }
    const progress = progressCall(calls, call, message, "inbound", now);
    if (progress === "answered") calls.chooseFork(call, message.toTag, now);
  }
}
