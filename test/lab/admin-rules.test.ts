import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Load } from "./load/load.ts";
import { INSIDE_INTERFACE, Lab, OUTSIDE_INTERFACE } from "./namespaces.ts";

/** An admin who lets out SIP and nothing else, and opens the media by the helper's name alone. */
const FORWARD = [
  "-m conntrack --ctstate ESTABLISHED -j ACCEPT",
  "-m conntrack --ctstate RELATED -m helper --helper sip -j ACCEPT",
  `-i ${INSIDE_INTERFACE} -o ${OUTSIDE_INTERFACE} -p udp --dport 5060 -j ACCEPT`,
];

let lab: Lab;
let load: Load;

beforeAll(async () => {
  lab = new Lab({ phones: 4, forward: FORWARD });
  await Daemon.start(lab);
  load = await Load.start(lab, { phones: 4 });
  await load.register();
});

afterAll(() => {
  load?.close();
  lab?.dispose();
});

test("a RELATED rule with -m helper --helper sip alone lets the media through", async () => {
  const calls = [0, 1, 2, 3].map((phone) =>
    load.place({ direction: phone < 2 ? "outbound" : "inbound", phone, hold: 3000, hangUp: "caller" }),
  );
  for (const { failure, twoWayRtcp } of await Promise.all(calls)) {
    expect(failure).toBeUndefined();
    expect(twoWayRtcp).toBe(true);
  }
});

test("conntrack -L expect shows a ringing call's expectations with helper=sip", async () => {
  let over = false;
  const call = load.place({ direction: "outbound", phone: 0, hold: 2500, hangUp: "caller" }).finally(() => {
    over = true;
  });
  let listed: string[] = [];
  while (listed.length === 0 && !over) {
    const list = await lab.exec("gw", "conntrack", "-L", "expect");
    listed = list.split("\n").filter(Boolean);
  }
  expect((await call).failure).toBeUndefined();
  expect(listed).not.toEqual([]);
  for (const line of listed) expect(line).toContain("helper=sip");
});
