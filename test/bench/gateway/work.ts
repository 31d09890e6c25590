import { numberToIpv4 } from "../../../src/packet/ipv4.ts";
import {
  answer,
  type Dialog,
  EXTERNAL,
  later,
  type Phone,
  PROVIDER,
  register,
  registered,
  request,
  response,
  toTagOf,
} from "./messages.ts";
import { type Packet, TURN } from "./packet-file.ts";

/** A kind of traffic that is measured. */
export interface Work {
  /** As the command line and the results name it. */
  readonly name: string;
  readonly title: string;
  readonly makesCalls: boolean;
  /** Expectations that the kernel has to be given for each packet, at least. */
  readonly expectations: number;
  /** Sent once before a measurement. */
  prelude(phones: readonly Phone[]): readonly Packet[];
  /** Sent in turn, again and again. */
  packets(phones: readonly Phone[]): readonly Packet[];
}

/** The network of the phones, all on one machine behind one route. */
export const PHONES_NETWORK = "10.5.0.0/16";
/** What only an address of that network begins with in the traffic. */
export const PHONES_PREFIX = "10.5.";
const FIRST_PHONE = 10 * 2 ** 24 + 5 * 2 ** 16 + 1;
export const PHONES = 1000;
/** Addresses of the phones, by index. */
export const PHONE_ADDRESSES: readonly string[] = Array.from({ length: PHONES }, (_, index) =>
  numberToIpv4(FIRST_PHONE + index),
);

/** Calls told apart in one turn of a work; the next turn has others. */
const CALLS = 8000;
const OFFICE_CALLS = 2000;
/** Conversations that go on side by side. */
const ABREAST = 16;
const FIRST_MEDIA = 10_000;

/** What two ends say to each other, in order. */
type Conversation = readonly Packet[];

/** All kinds of traffic, in the order they are measured. */
export const WORKS: readonly Work[] = [
  {
    name: "register",
    title: "REGISTER refresh",
    makesCalls: false,
    expectations: 0,
    prelude: () => [],
    packets: (phones) => interleaved(phones.map(registration)),
  },
  {
    name: "options",
    title: "OPTIONS",
    makesCalls: false,
    expectations: 0,
    prelude: () => [],
    packets: (phones) => interleaved(phones.map((phone) => inquiry(phone, "phone"))),
  },
  {
    name: "invite",
    title: "INVITE, new call",
    makesCalls: true,
    // Of an INVITE and its 486: RTP and RTCP.
    expectations: 1,
    prelude: () => [],
    packets: (phones) =>
      interleaved(many(phones, CALLS, (phone, index) => refusedCall(phone, "phone", index))),
  },
  {
    name: "reinvite",
    title: "re-INVITE in a call",
    makesCalls: true,
    expectations: 0,
    prelude: (phones) => interleaved(phones.map((phone) => offered(phone, ""))),
    packets: (phones) => interleaved(phones.map((phone) => offered(phone, toTagOf(lasting(phone))))),
  },
  {
    name: "inbound",
    title: "INVITE to a phone",
    makesCalls: true,
    expectations: 0,
    prelude: () => [],
    packets: (phones) =>
      interleaved(many(phones, CALLS, (phone, index) => refusedCall(phone, "provider", index))),
  },
  {
    name: "office",
    title: "office mix",
    makesCalls: true,
    // Of 16 packets: RTP and RTCP of one call.
    expectations: 2 / 16,
    prelude: () => [],
    packets: (phones) => interleaved(many(phones, OFFICE_CALLS, officeHour).flat()),
  },
];

/** What makes the phones known to the gateway; their ports are not known yet. */
export const registrations: readonly Packet[] = PHONE_ADDRESSES.map((address, index) => {
  const phone = { index, address, port: 0 };
  return fromPhone(phone, register(phone));
});

/** The answers to that, by which the gateway knows for how long they are registered. */
export function registrationAnswers(phones: readonly Phone[]): Packet[] {
  return phones.map((phone) => toPhone(phone, registered(phone)));
}

/** Of 16 messages six refresh registrations, four are of the provider asking whether phones are there, six of a call. */
function officeHour(phone: Phone, index: number): Conversation[] {
  return [
    registration(phone),
    inquiry(phone, "provider"),
    completeCall(phone, index),
    registration(phone),
    inquiry(phone, "provider"),
    registration(phone),
  ];
}

function registration(phone: Phone): Conversation {
  return [fromPhone(phone, register(phone)), toPhone(phone, registered(phone))];
}

function inquiry(phone: Phone, caller: Dialog["caller"]): Conversation {
  const dialog: Dialog = { phone, caller, id: `o${phone.index}${TURN}`, method: "OPTIONS" };
  return [fromCaller(dialog, request(dialog)), fromCallee(dialog, answer(dialog))];
}

function refusedCall(phone: Phone, caller: Dialog["caller"], index: number): Conversation {
  const dialog = newCall(phone, caller, index);
  return [fromCaller(dialog, request(dialog)), fromCallee(dialog, response(dialog, "486 Busy Here"))];
}

function completeCall(phone: Phone, index: number): Conversation {
  const dialog = newCall(phone, "phone", index);
  return [
    fromCaller(dialog, request(dialog)),
    fromCallee(dialog, response(dialog, "180 Ringing")),
    fromCallee(dialog, answer(dialog)),
    fromCaller(dialog, later(dialog, "ACK")),
    fromCaller(dialog, later(dialog, "BYE")),
    fromCallee(dialog, response(dialog, "200 OK", "BYE")),
  ];
}

/** An INVITE with its answer, in a call that is the same in every turn; the first one has no tag yet. */
function offered(phone: Phone, toTag: string): Conversation {
  const dialog = lasting(phone);
  return [
    fromCaller(dialog, request(dialog, toTag)),
    fromCallee(dialog, answer(dialog)),
    fromCaller(dialog, later(dialog, "ACK")),
  ];
}

function lasting(phone: Phone): Dialog {
  const media = FIRST_MEDIA + 2 * phone.index;
  return { phone, caller: "phone", id: `l${phone.index}`, method: "INVITE", media };
}

function newCall(phone: Phone, caller: Dialog["caller"], index: number): Dialog {
  return { phone, caller, id: `c${index}${TURN}`, method: "INVITE", media: FIRST_MEDIA + 2 * index };
}

function fromCaller(dialog: Dialog, payload: string): Packet {
  return dialog.caller === "phone" ? fromPhone(dialog.phone, payload) : toPhone(dialog.phone, payload);
}

function fromCallee(dialog: Dialog, payload: string): Packet {
  return dialog.caller === "phone" ? toPhone(dialog.phone, payload) : fromPhone(dialog.phone, payload);
}

function fromPhone({ address }: Phone, payload: string): Packet {
  return { sender: "phone", from: address, to: PROVIDER, toPort: 5060, payload };
}

function toPhone({ port }: Phone, payload: string): Packet {
  return { sender: "prov", from: PROVIDER, to: EXTERNAL, toPort: port, payload };
}

/** `make` for phone after phone, until it has been done so many times. */
function many<Result>(
  phones: readonly Phone[],
  times: number,
  make: (phone: Phone, index: number) => Result,
): Result[] {
  return Array.from({ length: Math.ceil(times / phones.length) }, (_, turn) =>
    phones.map((phone, index) => make(phone, turn * phones.length + index)),
  ).flat();
}

/** Some conversations side by side, then the next ones: so no message comes before what it answers. */
function interleaved(conversations: readonly Conversation[]): Packet[] {
  const packets: Packet[] = [];
  for (let first = 0; first < conversations.length; first += ABREAST) {
    const some = conversations.slice(first, first + ABREAST);
    const longest = Math.max(...some.map(({ length }) => length));
    for (let step = 0; step < longest; step++) packets.push(...some.flatMap((one) => one[step] ?? []));
  }
  return packets;
}
