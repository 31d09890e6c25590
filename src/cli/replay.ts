import { readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { CaptureError } from "../capture/captured-packet.ts";
import { type IpPacket, IpPackets } from "../capture/ip-packets.ts";
import { LINK_REMEDY } from "../capture/link-layer.ts";
import { readCapture } from "../capture/read-capture.ts";
import { writePcap } from "../capture/write-pcap.ts";
import { ConfigError, loadConfig } from "../config/load.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import { Network } from "../packet/network.ts";
import { replayCapture } from "../replay/capture.ts";
import { replayJson } from "./replay-json.ts";
import { replayLines } from "./replay-lines.ts";

interface ReplayFlags {
  readonly inside: readonly Network[];
  readonly outside?: string;
  readonly config?: string;
  readonly write?: string;
  readonly json?: true;
}

/** Adds `replay` to the program: a capture in, a ladder of each call out. */
export function registerReplay(program: Command): void {
  program
    .command("replay")
    .description("run a capture through the gateway's engine and show, per call, what would be changed")
    .argument("<file>", "the capture, pcap or pcapng, best taken on the phones' side")
    .requiredOption("--inside <net...>", "networks of the phones, like 192.168.50.0/24", collectNetwork)
    .option("--outside <ip>", "the gateway's external address; taken from the capture without it", parseHost)
    .option("--config <file>", "configuration file of the gateway (TOML): ports, media hosts, timers")
    .option(
      "--write <file>",
      "write the capture (pcap, raw IP) with SIP as it leaves the gateway, all else as it came; TCP keeps its segments",
    )
    .option("--json", "print one JSON object instead of ladders")
    .action((file: string, flags: ReplayFlags) => {
      try {
        replayFile(file, flags);
      } catch (error) {
        if (!(error instanceof CaptureError || error instanceof ConfigError)) throw error;
        process.stderr.write(`sipexpectd: ${error.message}\n`);
        process.exitCode = 1;
      }
    });
}

/** What is whole of a faulty file is replayed and written before its fault is thrown. */
function replayFile(file: string, { config, inside, outside, write, json }: ReplayFlags): void {
  const settings = loadConfig(config, {});
  const { packets, left, unread, fault } = readPackets(file, readBytes(file));
  if (packets.length === 0 && fault !== undefined) throw fault;
  if (packets.length === 0 && unread.size > 0) {
    const types = [...unread].join(" and ");
    throw new CaptureError(file, undefined, `link type ${types} is not read`, LINK_REMEDY);
  }
  const replayed = replayCapture(packets, { config: settings, inside, outside });
  const start = packets[0]?.time ?? 0n;
  const unfollowed = new Map([...left, ...replayed.left]);
  const printed =
    json === true
      ? JSON.stringify(replayJson(replayed, start, unfollowed, fault?.message))
      : replayLines(replayed, start, unfollowed).join("\n");
  process.stdout.write(`${printed}\n`);
  if (write !== undefined) writeBytes(write, writePcap(replayed.written));
  if (fault !== undefined) throw fault;
}

/** All IP packets up to the end of the file, or up to its fault: what is whole before that is of use. */
function readPackets(
  file: string,
  bytes: Buffer,
): {
  readonly packets: readonly IpPacket[];
  readonly left: ReadonlyMap<string, number>;
  /** Link types of frames that could not be looked into. */
  readonly unread: ReadonlySet<number>;
  readonly fault: CaptureError | undefined;
} {
  const taker = new IpPackets();
  const packets: IpPacket[] = [];
  let fault: CaptureError | undefined;
  try {
    for (const frame of readCapture(file, bytes)) {
      const packet = taker.take(frame);
      if (packet !== undefined) packets.push(packet);
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    fault = error;
  }
  return { packets, left: taker.left(), unread: taker.unread, fault };
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const fault = `it cannot be read (${reasonOf(error)})`;
    throw new CaptureError(file, undefined, fault, "give the path of a capture that you may read");
  }
}

function writeBytes(file: string, bytes: Buffer): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const fault = `it cannot be written (${reasonOf(error)})`;
    throw new CaptureError(file, undefined, fault, "give --write a path that you may write");
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function collectNetwork(text: string, before: readonly Network[] | undefined): readonly Network[] {
  try {
    return [...(before ?? []), Network.parse(text)];
  } catch (error) {
    throw new InvalidArgumentError(reasonOf(error));
  }
}

function parseHost(text: string): string {
  if (ipv4ToNumber(text) === undefined) {
    throw new InvalidArgumentError(`"${text}" is no IPv4 address; give one like 203.0.113.1`);
  }
  return text;
}
