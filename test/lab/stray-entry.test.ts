import { afterAll, beforeAll, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, phoneAddress } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";

let lab: Lab;
let call: ScriptCall;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  call = await ScriptCall.open(lab, "stray@phone");
});

afterAll(() => lab?.dispose());

/** What plain NAT would have made of the phone's first packet, had that come before the call was known. */
async function insertStrayEntry(): Promise<void> {
  const [host, port] = call.providerMedia.address.split(":") as [string, string];
  const original = ["--orig-src", phoneAddress(0), "--orig-dst", host, "--sport", "6000", "--dport", port];
  const reply = ["--reply-src", host, "--reply-dst", GATEWAY_OUTSIDE];
  const ports = ["--reply-port-src", port, "--reply-port-dst", "45678"];
  const nat = ["--src-nat", `${GATEWAY_OUTSIDE}:45678`];
  const entry = [...original, ...reply, ...ports, ...nat, "-u", "SEEN_REPLY,ASSURED", "-t", "60"];
  await lab.exec("gw", "conntrack", "-I", "-p", "udp", ...entry);
}

test("an entry that leads the phone's media elsewhere is taken out, though no other SIP comes", async () => {
  await call.establish();
  await insertStrayEntry();
  await call.phoneSpeaks();
  await call.providerSpeaks();
});
