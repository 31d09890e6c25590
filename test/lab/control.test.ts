import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";
import { ScriptCall } from "./script-call.ts";
import { sessionDescription } from "./script-message.ts";

const [PROVIDER] = PROVIDER_HOSTS;
const CALL_ID = "watched@phone";
/** An ended call stays long enough to be seen. */
const CONFIG = "[timers]\nlinger = 60\n";
const PHONE = { host: phoneAddress(0), port: 5060 };

let lab: Lab;
let daemon: Daemon;
let call: ScriptCall;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  call = await ScriptCall.open(lab, CALL_ID);
});

afterAll(() => lab?.dispose());

/** Runs `sipexpectd` as an admin does; the daemon's socket is added. */
function sipexpectd(...args: string[]): Promise<{ out: string; err: string; status: number }> {
  const command = [builtFile("src/cli/main.ts"), ...args, "--socket", daemon.socketPath];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (error, out, err) => {
      resolve({ out, err, status: error === null ? 0 : Number(error.code) });
    });
  });
}

async function json(...args: string[]): Promise<unknown> {
  const { out, err, status } = await sipexpectd(...args, "--json");
  if (status !== 0) throw new Error(err);
  return JSON.parse(out);
}

/** Waits until `calls` and `streams` say this of the one call and its RTP. */
async function expectRows(ofCall: object, ofRtp: object): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await json("calls", "--call-id", CALL_ID)).toMatchObject([{ callId: CALL_ID, ...ofCall }]);
      const [stream] = (await json("streams", "--inside", PHONE.host)) as { components: object[] }[];
      expect(stream).toMatchObject({ callId: CALL_ID, media: "audio", master: { peer: PROVIDER } });
      expect(stream?.components[0]).toMatchObject({ kind: "rtp", ...ofRtp });
    },
    { timeout: 5000 },
  );
}

test("a call is seen in each of its phases, with why it is kept and why it ends", async () => {
  await call.invite();
  const external = { host: GATEWAY_OUTSIDE, port: Number(call.advertised.split(":")[1]) };
  await expectRows(
    {
      inside: PHONE,
      remote: PROVIDER,
      phase: "early",
      why: "unanswered",
      ends: { why: "unanswered" },
      streams: 1,
    },
    {
      external,
      state: "armed",
      waitsFor: "packet",
      rank: "unanswered",
      expectations: [{ direction: "inbound", source: "any" }],
    },
  );
  await call.answer("200 OK", { sdp: sessionDescription(call.providerMedia.address) });
  await expectRows({ phase: "answered", why: "dialog", ends: { why: "no-ack" } }, { rank: "answered" });
  await call.phoneSays("ACK");
  await expectRows({ why: "dialog", ends: { why: "media-idle" }, flowing: false }, { state: "armed" });

  await call.phoneSpeaks();
  const [host, port] = call.providerMedia.address.split(":");
  const remote = { host, port: Number(port) };
  await expectRows(
    { why: "media-flows", ends: null },
    { state: "flowing", slots: 0, waitsFor: null, flow: { remote } },
  );
  expect(await json("bindings")).toMatchObject([
    {
      inside: PHONE,
      external: { host: GATEWAY_OUTSIDE },
      why: "has-calls",
      calls: 1,
      ends: { why: "silent" },
    },
  ]);

  const table = (await sipexpectd("calls")).out.trimEnd().split("\n");
  expect(table).toHaveLength(2);
  expect(table[0]).toMatch(/^CALL-ID +PHONE +REMOTE +PHASE +MEDIA +AGE +ENDS$/);
  expect(table[1]).toMatch(
    /^watched@phone +192\.168\.50\.10:5060 .* answered +flows +\d+s +while media flows$/,
  );
  expect((await sipexpectd("streams")).out).toMatch(/ audio rtp .* flowing \d+s: /);
  expect((await sipexpectd("bindings")).out).toMatch(/ has-calls /);

  await call.accept(await call.phoneSays("BYE"));
  await expectRows(
    { phase: "ended", why: "linger", ends: { why: "linger-over" } },
    { state: "planned", slots: 0 },
  );
});

test("the statistics say what there is and how much of it there may be", async () => {
  expect(await json("stats")).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    uptime: expect.any(Number),
    bindings: 1,
    limits: { streams: 65_536 },
    store: { failures: 0 },
  });
  expect((await sipexpectd("stats")).out).toMatch(/^counters\.passed\.not-sip +0$/m);
});

test("what the daemon does not take is said in one line", async () => {
  const { err, status } = await sipexpectd("calls", "--inside", "phone");
  expect(status).toBe(1);
  expect(err).toContain('"phone" is no IP address');
});

test("without a daemon the commands name the socket and say what to do", async () => {
  await daemon.stop();
  expect(await sipexpectd("calls")).toEqual({
    out: "",
    err: expect.stringContaining(`${daemon.socketPath}: there is no such socket; is the daemon running`),
    status: 1,
  });
});
