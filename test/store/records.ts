import { bindingKey, callKey } from "../../src/store/store.ts";
import type { BindingRecord, CallRecord, TableRecord } from "../../src/table/record.ts";

/** The key of a record in the store. */
export function recordKey(record: TableRecord): string {
  const { kind, transport, inside } = record;
  return kind === "binding" ? bindingKey(transport, inside) : callKey(transport, inside, record.callId);
}

/** A binding, another one for each index. */
export function binding(index: number, port = 5060): BindingRecord {
  return {
    kind: "binding",
    transport: "udp",
    inside: { host: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 5060 },
    port,
    registrations: [["203.0.113.2 sip:alice@example.com", 1_800_000_000_000]],
    spokeAt: 1_700_000_000_000.5,
    portless: ["via", "contact"],
    isOfConnection: false,
    remotes: ["203.0.113.5", "2001:db8::5"],
  };
}

/** A call with audio that has RTCP and a fax that has none. */
export function call(callId: string): CallRecord {
  const rtp = { host: "192.168.50.10", port: 4000 };
  const audio = {
    index: 0,
    media: "audio",
    transport: "udp",
    rtp,
    mux: false,
    count: 1,
    held: false,
  } as const;
  const target = { ...audio, rtcp: { host: "192.168.50.10", port: 4001 } };
  const fax = { ...audio, index: 1, media: "image", rtcp: undefined };
  return {
    kind: "call",
    transport: "udp",
    inside: { host: "192.168.50.10", port: 5060 },
    callId,
    phase: "answered",
    refreshedAt: 1_700_000_000_000,
    sessionExpires: null,
    dialogs: ["a", "b"],
    streams: [
      { id: 7, peer: "203.0.113.5", target, base: 10_000, mux: false },
      { id: 8, peer: "203.0.113.5", target: fax, base: 10_002, mux: false },
    ],
    lines: [["tag-1", [0, 1, null]]],
    remotes: [["tag-2", [{ ...target, rtp: { host: "203.0.113.9", port: 0 } }, null]]],
  };
}
