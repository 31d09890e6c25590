import { expect, test } from "vitest";
import { mediaHostPolicy } from "../../src/gateway/media-hosts.ts";
import { inNetwork } from "../../src/packet/in-network.ts";

const inside = ["192.168.0.0/16", "2001:db8:50::/64"].map(inNetwork);
const allowed = ["192.168.50.5/32", "2001:db8:50::5/128"].map(inNetwork);
const policy = mediaHostPolicy((address) => inside.some((contains) => contains(address)), allowed);

test.each([
  ["192.168.50.5", "allowed"],
  ["2001:db8:50::5", "allowed"],
  ["192.168.50.6", "refused"],
  ["2001:db8:50::6", "refused"],
  ["203.0.113.2", "public"],
  ["2001:db8:113::2", "public"],
  ["media.example.com", "public"],
])("another host that is named for media, %s, is %s", (host, judgement) => {
  expect(policy(host)).toBe(judgement);
});
