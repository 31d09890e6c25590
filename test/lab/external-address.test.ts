import { afterAll, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener, sendDatagrams } from "./datagram-listener.ts";
import { GATEWAY_OUTSIDE, Lab, OUTSIDE_INTERFACE, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { optionsRequest } from "./options-request.ts";

const PHONE = [phoneAddress(0), 5060] as const;
const PROVIDER = [PROVIDER_HOSTS[0], 5060] as const;
const NEW_ADDRESS = "203.0.113.77";

let lab: Lab;
let provider: DatagramListener;

beforeEach(async () => {
  lab?.dispose();
  lab = new Lab({ phones: 1 });
  provider = await DatagramListener.open(lab, "prov", PROVIDER);
});

afterAll(() => lab?.dispose());

/** What the provider reads of the phone's request, and where from. */
async function seen(): Promise<{ readonly source: string; readonly contact: string | undefined }> {
  await sendDatagrams(lab, "phone", {
    from: PHONE,
    to: PROVIDER,
    payloads: [optionsRequest(PHONE, PROVIDER)],
  });
  const { source, payload } = await provider.next();
  return { source, contact: /^Contact: (.*)\r$/m.exec(payload.toString())?.[1] };
}

test("a new address of the outside interface is used from the next message on, with the same port", async () => {
  const daemon = await Daemon.start(lab);
  expect(await seen()).toEqual({
    source: `${GATEWAY_OUTSIDE}:5060`,
    contact: `<sip:alice@${GATEWAY_OUTSIDE}:5060>`,
  });
  const changed = daemon.next((line) => line.msg === "the external address changed");
  await lab.exec("gw", "ip", "addr", "add", `${NEW_ADDRESS}/24`, "dev", OUTSIDE_INTERFACE);
  await lab.exec("gw", "ip", "addr", "del", `${GATEWAY_OUTSIDE}/24`, "dev", OUTSIDE_INTERFACE);
  await lab.exec("gw", "ip", "addr", "replace", `${NEW_ADDRESS}/24`, "dev", OUTSIDE_INTERFACE);
  await changed;
  expect(await seen()).toEqual({
    source: `${NEW_ADDRESS}:5060`,
    contact: `<sip:alice@${NEW_ADDRESS}:5060>`,
  });
});

test("behind another 1:1 NAT the advertised address is written, and the interface's own is sent from", async () => {
  await Daemon.start(lab, ["--advertise", "198.51.100.7"]);
  expect(await seen()).toEqual({
    source: `${GATEWAY_OUTSIDE}:5060`,
    contact: "<sip:alice@198.51.100.7:5060>",
  });
});
