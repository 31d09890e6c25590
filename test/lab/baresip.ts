import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Lab, type Machine, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { toneIn, toneWav } from "./tone.ts";

/** The tones the two ends play, Hz. */
const INSIDE_TONE = 440;
const OUTSIDE_TONE = 1000;

/** What one baresip saw and heard of the call. */
export interface BaresipEnd {
  /** Address and port of the peer's audio, in the last SDP that baresip received. */
  readonly advertised: string | undefined;
  /** Every address and port it says it received audio from. */
  readonly sources: readonly string[];
  /** The share of what it recorded that is the other end's tone, 0 to 1, and the 20 ms pieces recorded. */
  readonly heard: { readonly share: number; readonly pieces: number };
}

/** One baresip with its generated folder. */
interface Baresip {
  readonly folder: string;
  readonly child: ChildProcess;
  /** What it wrote so far, its SIP trace included. */
  readonly output: () => string;
}

/**
 * A baresip behind the gateway calls one outside by its address; each plays a tone of its own and records the other.
 *
 * @param seconds from the start of the caller until it hangs up
 */
export async function callWithBaresip(
  lab: Lab,
  seconds: number,
): Promise<{ readonly inside: BaresipEnd; readonly outside: BaresipEnd }> {
  const [callee] = PROVIDER_HOSTS;
  const outside = start(
    lab,
    "prov",
    { host: callee, account: `<sip:outside@${callee}>;regint=0;answermode=auto` },
    ["-t", String(seconds + 20)],
  );
  await written(outside, "baresip is ready");
  const inside = start(lab, "phone", { host: phoneAddress(0), account: `<sip:inside@${callee}>;regint=0` }, [
    ...["-t", String(seconds)],
    ...["-e", `/dial sip:outside@${callee}`],
  ]);
  await once(inside.child, "exit");
  const ended = once(outside.child, "exit");
  outside.child.kill("SIGTERM");
  await ended;
  return { inside: readEnd(inside, OUTSIDE_TONE), outside: readEnd(outside, INSIDE_TONE) };
}

function start(
  lab: Lab,
  machine: Machine,
  { host, account }: { host: string; account: string },
  args: readonly string[],
): Baresip {
  const folder = join(lab.directory, `baresip-${machine}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "tone.wav"), toneWav(machine === "phone" ? INSIDE_TONE : OUTSIDE_TONE, 60));
  writeFileSync(join(folder, "accounts"), `${account}\n`);
  writeFileSync(join(folder, "config"), configuration(folder, host));
  // stdbuf: into a pipe baresip writes whole buffers only, and its being ready would not be seen.
  const command = ["-oL", "baresip", "-f", folder, "-s", ...args];
  const child = lab.spawn(machine, "stdbuf", command, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("latin1").on("data", (text: string) => {
      output += text;
    });
  }
  return { folder, child, output: () => output };
}

/** No sound card: a file is played, a dead bridge listens, and sndfile records what was decoded. */
function configuration(folder: string, host: string): string {
  return `${[
    "poll_method epoll",
    `sip_listen ${host}:5060`,
    `audio_source aufile,${join(folder, "tone.wav")}`,
    "audio_player aubridge,player",
    "audio_alert aubridge,alert",
    "ausrc_srate 8000",
    "rtp_ports 10000-10100",
    "jitter_buffer_delay 0-1",
    "module_path /usr/lib/baresip/modules",
    ...["stdio", "g711", "aufile", "aubridge", "sndfile"].map((name) => `module ${name}.so`),
    "module_tmp account.so",
    "module_app menu.so",
    `snd_path ${folder}`,
  ].join("\n")}\n`;
}

/** Resolves once baresip has written this text; rejects when it ends before. */
function written({ child, output }: Baresip, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (output().includes(text)) resolve();
    };
    child.stdout?.on("data", look);
    child.once("exit", () => reject(new Error(`baresip ended before it wrote "${text}":\n${output()}`)));
  });
}

function readEnd({ folder, output }: Baresip, tone: number): BaresipEnd {
  const recordings = readdirSync(folder).filter((name) => name.endsWith("-dec.wav"));
  const [recording] = recordings;
  const heard = recording ? toneIn(readFileSync(join(folder, recording)), tone) : { share: 0, pieces: 0 };
  const sources = [...output().matchAll(/incoming rtp for 'audio' established, receiving from (\S+)/g)];
  return {
    advertised: advertisedIn(output(), folder.endsWith("phone") ? phoneAddress(0) : PROVIDER_HOSTS[0]),
    sources: sources.map(([, source = ""]) => source),
    heard,
  };
}

/** The audio address in the last SDP of the trace that was sent to `own`; the trace has both directions. */
function advertisedIn(trace: string, own: string): string | undefined {
  return trace
    .split(/^(?=UDP \S+ -> \S+$)/m)
    .filter((message) => message.split("\n")[0]?.includes(`-> ${own}:`))
    .map((message) => {
      const host = /^c=IN IP4 (\S+)/m.exec(message)?.[1];
      const port = /^m=audio (\d+)/m.exec(message)?.[1];
      return host && port ? `${host}:${port}` : undefined;
    })
    .findLast((found) => found !== undefined);
}
