import * as ct from "../../src/kernel/ctnetlink.ts";
import type { Expectation } from "../../src/kernel/expectation-message.ts";
import { encodeTuple, type FlowTuple } from "../../src/kernel/tuple.ts";
import { encoded } from "./hex.ts";

/** What the kernel tells when an expectation is gone, as ctnetlink_exp_dump_expect writes it. */
export function expectationEvent(master: FlowTuple, expectation: Expectation): Buffer {
  const { protocol, from, to, saved } = expectation;
  const isIpv6 = to.host.includes(":");
  const any = isIpv6 ? "::" : "0.0.0.0";
  const full = isIpv6 ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "255.255.255.255";
  const source = { host: from.host ?? any, port: from.port ?? 0 };
  const mask = {
    host: from.host === undefined ? any : full,
    port: from.port === undefined ? 0 : 0xffff,
  };
  return encoded((writer) => {
    ct.beginCtnetlink(writer, ct.EXP_DELETE, 0, isIpv6 ? ct.AF_INET6 : ct.AF_INET);
    encodeTuple(writer, ct.CTA_EXPECT_TUPLE, { protocol, source, destination: to });
    const destination = { host: full, port: 0xffff };
    encodeTuple(writer, ct.CTA_EXPECT_MASK, { protocol, source: mask, destination });
    encodeTuple(writer, ct.CTA_EXPECT_MASTER, master);
    if (saved !== undefined) {
      const nest = writer.beginNest(ct.CTA_EXPECT_NAT);
      writer.be32(ct.CTA_EXPECT_NAT_DIR, expectation.direction === "outbound" ? 0 : 1);
      const none = { host: any, port: 0 };
      encodeTuple(writer, ct.CTA_EXPECT_NAT_TUPLE, { protocol, source: saved, destination: none });
      writer.endNest(nest);
    }
    for (const type of [ct.CTA_EXPECT_TIMEOUT, ct.CTA_EXPECT_ID]) writer.be32(type, 1);
    writer.string(ct.CTA_EXPECT_HELP_NAME, "sip");
    writer.be32(ct.CTA_EXPECT_FLAGS, 0);
    writer.be32(ct.CTA_EXPECT_CLASS, expectation.class);
    writer.string(ct.CTA_EXPECT_FN, "sip");
    writer.end();
  });
}
