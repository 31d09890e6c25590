import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener, sendDatagrams } from "./datagram-listener.ts";
import { joinAddress, splitAddress } from "./ip-address.ts";
import {
  GATEWAY_INSIDE,
  GATEWAY_OUTSIDE,
  INSIDE_INTERFACE,
  Lab,
  OUTSIDE_INTERFACE,
  PROVIDER_HOSTS,
  phoneAddress,
} from "./namespaces.ts";
import { optionsRequest } from "./options-request.ts";
import { untilHeard } from "./repeated-media.ts";
import { ScriptCall } from "./script-call.ts";

const PHONE = [phoneAddress(0), 5060] as const;
const PROVIDER = [PROVIDER_HOSTS[0], 5060] as const;
const NEW_ADDRESS = "203.0.113.77";

let lab: Lab;

beforeEach(() => {
  lab = new Lab({ phones: 1 });
});

afterEach(() => lab?.dispose());

/** What the provider reads of the phone's request, and where from. */
async function seen(
  provider: DatagramListener,
): Promise<{ readonly source: string; readonly contact: string | undefined }> {
  await sendDatagrams(lab, "phone", {
    from: PHONE,
    to: PROVIDER,
    payloads: [optionsRequest(PHONE, PROVIDER)],
  });
  const { source, payload } = await provider.next();
  return { source, contact: /^Contact: (.*)\r$/m.exec(payload.toString())?.[1] };
}

/** A call with media both ways. */
async function established(call: ScriptCall): Promise<ScriptCall> {
  await call.establish();
  await call.providerSpeaks();
  await call.phoneSpeaks();
  return call;
}

/** Gives the outside interface the new address in place of the old one. */
async function changeAddress(): Promise<void> {
  await lab.exec("gw", "ip", "addr", "add", `${NEW_ADDRESS}/24`, "dev", OUTSIDE_INTERFACE);
  await lab.exec("gw", "ip", "addr", "del", `${GATEWAY_OUTSIDE}/24`, "dev", OUTSIDE_INTERFACE);
  await lab.exec("gw", "ip", "addr", "replace", `${NEW_ADDRESS}/24`, "dev", OUTSIDE_INTERFACE);
}

/** Makes the outside interface anew, with another index and this address, as PPPoE does when it dials again. */
async function redial(address: string): Promise<void> {
  await lab.exec("gw", "ip", "link", "del", OUTSIDE_INTERFACE);
  const peer = ["peer", "name", "eth0", "netns", lab.namespace("prov")];
  await lab.exec("gw", "ip", "link", "add", OUTSIDE_INTERFACE, "type", "veth", ...peer);
  for (const host of PROVIDER_HOSTS) await lab.exec("prov", "ip", "addr", "add", `${host}/24`, "dev", "eth0");
  await lab.exec("prov", "ip", "link", "set", "eth0", "up");
  const ends = [address, "peer", "203.0.113.254/32"];
  await lab.exec("gw", "ip", "addr", "add", ...ends, "dev", OUTSIDE_INTERFACE);
  await lab.exec("gw", "ip", "link", "set", OUTSIDE_INTERFACE, "up");
  await lab.exec("gw", "ip", "route", "add", "default", "dev", OUTSIDE_INTERFACE);
}

test("a new address of the outside interface is used from the next message on, with the same port", async () => {
  const daemon = await Daemon.start(lab);
  const provider = await DatagramListener.open(lab, "prov", PROVIDER);
  expect(await seen(provider)).toEqual({
    source: `${GATEWAY_OUTSIDE}:5060`,
    contact: `<sip:alice@${GATEWAY_OUTSIDE}:5060>`,
  });
  const changed = daemon.next((line) => line.msg === "the external address changed");
  await changeAddress();
  await changed;
  expect(await seen(provider)).toEqual({
    source: `${NEW_ADDRESS}:5060`,
    contact: `<sip:alice@${NEW_ADDRESS}:5060>`,
  });
});

test.each([
  { when: "the outside interface has a new address", change: changeAddress },
  { when: "the outside interface was made anew", change: () => redial(NEW_ADDRESS) },
])(
  "when $when, a call goes on from the phone's next packet on, and by its next SDP for all",
  async ({ change }) => {
    const daemon = await Daemon.start(lab);
    const call = await ScriptCall.open(lab, "moved@phone");
    const { phoneMedia, providerMedia } = await established(call);
    const before = splitAddress(call.advertised);
    expect(before.host).toBe(GATEWAY_OUTSIDE);
    const moved = joinAddress(NEW_ADDRESS, before.port);

    const changed = daemon.next((line) => line.msg === "the external address changed");
    await change();
    expect(await changed).toMatchObject({ from: GATEWAY_OUTSIDE, to: NEW_ADDRESS, calls: 1 });
    await untilHeard(phoneMedia, providerMedia.address, providerMedia, moved);
    await untilHeard(providerMedia, moved, phoneMedia, providerMedia.address);

    await call.reinvite();
    expect(call.advertised).toBe(moved);
    await call.providerSpeaks();
    await call.accept(await call.phoneSays("BYE"));
  },
);

/** Makes the inside interface anew, with another index, as a bridge or an adapter that was away. */
async function replug(): Promise<void> {
  await lab.exec("gw", "ip", "link", "del", INSIDE_INTERFACE);
  const peer = ["peer", "name", "eth0", "netns", lab.namespace("phone")];
  await lab.exec("gw", "ip", "link", "add", INSIDE_INTERFACE, "type", "veth", ...peer);
  await lab.exec("gw", "ip", "addr", "add", `${GATEWAY_INSIDE}/24`, "dev", INSIDE_INTERFACE);
  await lab.exec("gw", "ip", "link", "set", INSIDE_INTERFACE, "up");
  await lab.exec("phone", "ip", "addr", "add", `${PHONE[0]}/24`, "dev", "eth0");
  await lab.exec("phone", "ip", "link", "set", "eth0", "up");
  await lab.exec("phone", "ip", "route", "add", "default", "via", GATEWAY_INSIDE);
}

test.each([
  { what: "the inside interface", name: INSIDE_INTERFACE, change: replug },
  {
    what: "the outside interface, with its address,",
    name: OUTSIDE_INTERFACE,
    change: () => redial(GATEWAY_OUTSIDE),
  },
])("when $what was made anew, a call goes on as it was", async ({ name, change }) => {
  const daemon = await Daemon.start(lab);
  const call = await ScriptCall.open(lab, "replugged@phone");
  const { phoneMedia, providerMedia, advertised } = await established(call);
  const said = daemon.next(
    ({ msg, interfaces }) => msg.startsWith("interfaces were") && `${interfaces}` === name,
  );
  await change();
  await said;
  await untilHeard(phoneMedia, providerMedia.address, providerMedia, advertised);
  await untilHeard(providerMedia, advertised, phoneMedia, providerMedia.address);
  await call.reinvite();
  expect(call.advertised).toBe(advertised);
  await call.accept(await call.phoneSays("BYE"));
});

test("behind another 1:1 NAT the advertised address is written, and the interface's own is sent from", async () => {
  await Daemon.start(lab, ["--advertise", "198.51.100.7"]);
  const provider = await DatagramListener.open(lab, "prov", PROVIDER);
  expect(await seen(provider)).toEqual({
    source: `${GATEWAY_OUTSIDE}:5060`,
    contact: "<sip:alice@198.51.100.7:5060>",
  });
});
