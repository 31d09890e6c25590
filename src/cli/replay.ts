import { readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { CaptureError } from "../capture/captured-packet.ts";
import { type IpPacket, IpPackets } from "../capture/ip-packets.ts";
import { readCapture } from "../capture/read-capture.ts";
import { writePcap } from "../capture/write-pcap.ts";
import { ConfigError, loadConfig } from "../config/load.ts";
import { type ReplayedCapture, replayCapture } from "../gateway/replay-capture.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import { Network } from "../packet/network.ts";
import { ladders } from "./ladder.ts";

interface ReplayFlags {
  readonly inside: readonly Network[];
  readonly outside?: string;
  readonly config?: string;
  readonly write?: string;
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
      "write the capture (pcap, raw IP) with SIP over UDP as it leaves the gateway, all else as it came",
    )
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
function replayFile(file: string, { config, inside, outside, write }: ReplayFlags): void {
  const settings = loadConfig(config, {});
  const { packets, left, fault } = readPackets(file, readBytes(file));
  if (packets.length === 0 && fault !== undefined) throw fault;
  const replayed = replayCapture(packets, { config: settings, inside, outside });
  const lines = [...headLines(replayed, packets), ...leftLines([...left, ...replayed.left])];
  process.stdout.write(`${lines.join("\n")}\n`);
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
  return { packets, left: taker.left(), fault };
}

function headLines(
  { messages, external, externalFrom }: ReplayedCapture,
  packets: readonly IpPacket[],
): string[] {
  const source = {
    given: "as given",
    received: "as a Via of the capture says; name another with --outside",
    "stand-in": "a stand-in, as the capture does not say; name yours with --outside",
  }[externalFrom];
  const lines = [`external address ${external} (${source})`, ""];
  if (messages.some(({ message }) => message.outcome !== "no-binding"))
    return [...lines, ...ladders(messages, packets[0]?.time ?? 0n)];
  return [
    ...lines,
    "no SIP from or to the inside networks; see --inside, and capture on the phones' side",
    "",
  ];
}

function leftLines(left: readonly (readonly [string, number])[]): string[] {
  if (left.length === 0) return [];
  return ["not followed:", ...left.map(([reason, times]) => `${String(times).padStart(8)}  ${reason}`)];
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const fault = `it cannot be read (${reasonOf(error)})`;
    throw new CaptureError(file, 0, fault, "give the path of a capture that you may read");
  }
}

function writeBytes(file: string, bytes: Buffer): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const fault = `it cannot be written (${reasonOf(error)})`;
    throw new CaptureError(file, 0, fault, "give --write a path that you may write");
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
