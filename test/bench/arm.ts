/**
 * Measures what the kernel takes: four expectations of one master armed, each with its timeout, and taken out again, in
 * one send: node dist/test/bench/arm.js. Needs root, for a network namespace of its own.
 */
import type { ArmRequest } from "../../src/kernel/arm.ts";
import { EXPECTATION_CLASS } from "../../src/kernel/expectation-message.ts";
import { KernelAgent } from "../lab/kernel-agent-client.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "../lab/namespaces.ts";

const ROUNDS = 5000;
const WARM_UP = 500;
const PORTS = [20_000, 20_001, 20_002, 20_003];

const source = { host: phoneAddress(0), port: 1 };
const request: ArmRequest = {
  master: {
    flow: { protocol: "udp", source, destination: { host: PROVIDER_HOSTS[0], port: 0 } },
    natSource: { host: GATEWAY_OUTSIDE, port: 1 },
    timeout: 60,
  },
  createMaster: true,
  expectations: PORTS.map((port) => ({
    direction: "inbound",
    class: EXPECTATION_CLASS.audio,
    protocol: "udp",
    timeout: 60,
    from: { host: undefined, port: undefined },
    to: { host: GATEWAY_OUTSIDE, port },
    saved: { host: phoneAddress(0), port },
  })),
};

const lab = new Lab({ phones: 1 });
try {
  const agent = new KernelAgent(lab, "gw");
  const results = await agent.call("arm", [request]);
  if (results[0]?.kind !== "armed") throw new Error(JSON.stringify(results));
  await agent.call("disarm", request);
  await agent.call("armAndDisarm", request, WARM_UP);
  const start = process.hrtime.bigint();
  await agent.call("armAndDisarm", request, ROUNDS);
  const microseconds = Number(process.hrtime.bigint() - start) / 1000 / ROUNDS;
  const perSecond = Math.round((PORTS.length * 1e6) / microseconds);
  process.stdout.write(
    `${PORTS.length} expectations armed and taken out: ${microseconds.toFixed(1)} us, ${perSecond} expectations/s\n`,
  );
} finally {
  lab.dispose();
}
