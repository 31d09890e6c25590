import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCapture } from "../../src/capture/read-capture.ts";
import { checksumOf, sumWords } from "../../src/packet/checksum.ts";
import { numberToIpv4 } from "../../src/packet/ipv4.ts";
import { PacketView } from "../../src/packet/packet-view.ts";
import { pcapFile } from "../capture/files.ts";
import { TcpTalk } from "../capture/tcp-talk.ts";
import { tcpPacket } from "../packet/packets.ts";
import { EXTERNAL, message, PHONE, PROVIDER, sdp } from "./messages.ts";
import { runReplay } from "./run-replay.ts";

const RAW = { order: "little", nanoseconds: true, linkType: 101 } as const;
const CLIENT = { host: PHONE, port: 6060, first: 0xffff_ff00 };
const SERVER = { host: PROVIDER, port: 5060, first: 1000 };

/** The same message on TCP. */
function overTcp(text: string): string {
  return text.replace("/UDP", "/TCP").replace(":5060;branch", ":6060;branch");
}

const INVITE = overTcp(
  message(
    "INVITE sip:b@example.net SIP/2.0",
    "1 INVITE",
    [`Contact: <sip:a@${PHONE}:6060;transport=tcp>`],
    sdp(PHONE, 40_000),
  ),
);
const ANSWER = overTcp(
  message("SIP/2.0 200 OK", "1 INVITE", ["Contact: <sip:b@198.51.100.5>"], sdp(PROVIDER, 5004)),
);
const BYE = overTcp(message("BYE sip:b@example.net SIP/2.0", "2 BYE", []));
const BYE_OK = overTcp(message("SIP/2.0 200 OK", "2 BYE", []));

/** What the provider reads of the phone. */
function translated(text: string): string {
  return text.replaceAll(PHONE, EXTERNAL).replace("Content-Length: 96", "Content-Length: 92");
}

/** What the phone reads of the provider. */
function undone(text: string): string {
  return text.replace(`received=${EXTERNAL}`, `received=${PHONE}`);
}

function talk(): TcpTalk {
  return new TcpTalk(CLIENT, SERVER);
}

/** A segment that was written: its payload, and the numbers of its header. */
interface Segment {
  readonly ends: string;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly payload: string;
}

describe("sipexpectd replay of TCP", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "replay-"));
  });

  afterEach(() => {
    process.exitCode = undefined;
    rmSync(folder, { recursive: true });
  });

  async function replay({ packets }: TcpTalk, ...args: string[]): Promise<string[]> {
    const file = join(folder, "call.pcap");
    const frames = packets.map((bytes, index) => ({ time: BigInt(index) * 1_000_000_000n, bytes }));
    writeFileSync(file, pcapFile(frames, RAW));
    const { out } = await runReplay(file, ["--outside", EXTERNAL, ...args]);
    return out.split("\n");
  }

  /** Replays with --write and reads that back; every checksum must be right. */
  async function written(of: TcpTalk): Promise<Segment[]> {
    const file = join(folder, "out.pcap");
    await replay(of, "--write", file);
    const view = new PacketView();
    return [...readCapture(file, readFileSync(file))].map(({ bytes }) => {
      expect(view.parse(bytes, 0, bytes.length)).toBe("tcp");
      const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      expect(checksumOf(sumWords(data, 0, 20))).toBe(0);
      const pseudo = sumWords(data, 12, 20) + 6 + bytes.length - 20;
      expect(checksumOf(pseudo + sumWords(data, 20, bytes.length))).toBe(0);
      return {
        ends: `${numberToIpv4(view.source)}:${view.sourcePort} > ${numberToIpv4(view.destination)}:${view.destinationPort}`,
        sequence: bytes.readUInt32BE(24),
        acknowledged: bytes.readUInt32BE(28),
        payload: bytes.toString("latin1", 40),
      };
    });
  }

  /** The start-lines of the messages in the ladders. */
  function rungs(lines: readonly string[]): string[] {
    return lines.flatMap((line) => (line.includes("(TCP)  ") ? [line.replace(/.*\(TCP\) {2}/, "")] : []));
  }

  const [offer, answer] = [INVITE, ANSWER].map((text) => text.split("\r\n", 1)[0] ?? "");

  it("follows messages over several segments, several in one, and keep-alives between them", async () => {
    const lines = await replay(
      talk()
        .open()
        .say("client", `\r\n\r\n${INVITE}`, [2, 60, 400])
        .say("server", `\r\n${ANSWER}\r\n\r\n${BYE_OK}`, [2])
        .close(),
    );
    expect(rungs(lines)).toEqual([offer, answer, "SIP/2.0 200 OK"]);
    expect(lines).toContain("              sdp-connection  192.168.50.10 -> 203.0.113.1");
    expect(lines).not.toContain("TCP streams:");
    expect(lines.at(-2)).toBe(
      "1 call, 3 messages: 3 translated, 0 with nothing to change, 0 passed unmodified",
    );
  });

  it("follows segments that are late, sent again or overlap, each message once", async () => {
    const lines = await replay(
      talk().open().say("client", INVITE, [100, 300], [0, 2, 0, 1, 1]).say("server", ANSWER, [50], [1, 0]),
    );
    expect(rungs(lines)).toEqual([offer, answer]);
    expect(lines).not.toContain("TCP streams:");
  });

  it("names a gap and goes on at the next message behind it", async () => {
    const lines = await replay(
      talk().open().say("client", INVITE, [100, 300], [0, 2]).ack("server").say("client", BYE),
    );
    expect(rungs(lines)).toEqual(["BYE sip:b@example.net SIP/2.0"]);
    const at = lines.indexOf("TCP streams:");
    const ends = "192.168.50.10:6060 --> 198.51.100.5:5060";
    expect(lines.slice(at, at + 5)).toEqual([
      "TCP streams:",
      `    5.000000  ${ends}  100 bytes not followed, in a message that does not end`,
      `    5.000000  ${ends}  gap: 200 bytes not in the capture; followed again from the next message`,
      `    5.000000  ${ends}  ${INVITE.length - 300} bytes not followed, where a message should begin`,
      "",
    ]);
  });

  it("names what the capture ends within", async () => {
    const lines = await replay(
      talk()
        .open()
        .say("client", INVITE + BYE.slice(0, 50)),
    );
    expect(rungs(lines)).toEqual([offer]);
    expect(lines.filter((line) => line.includes("50 bytes not followed, in a message that"))).toHaveLength(1);
  });

  it("takes two connections between the same ports apart", async () => {
    const first = talk().open().say("client", INVITE.slice(0, 200));
    const second = new TcpTalk({ ...CLIENT, first: 77 }, SERVER).open().say("client", BYE);
    first.packets.push(...second.packets);
    expect(rungs(await replay(first))).toEqual(["BYE sip:b@example.net SIP/2.0"]);
  });

  it("follows a connection that was open before the capture began", async () => {
    expect(rungs(await replay(talk().say("client", INVITE, [10]).say("server", ANSWER)))).toEqual([
      offer,
      answer,
    ]);
  });

  it("counts connections that carry no SIP, and writes them as they came", async () => {
    const web = talk()
      .open()
      .say("client", "GET / HTTP/1.1\r\n\r\n")
      .say("server", "HTTP/1.1 200 OK\r\n\r\n");
    const lines = await replay(web, "--write", join(folder, "out.pcap"));
    expect(lines).toContain("       5  TCP segments of connections that carry no SIP");
    const out = [...readCapture("out.pcap", readFileSync(join(folder, "out.pcap")))];
    expect(out.map(({ bytes }) => bytes)).toEqual(web.packets);
  });

  it("writes a stream whose numbers join in both directions, however its messages were cut", async () => {
    const call = talk()
      .open()
      .say("client", INVITE, [40, 52, 420], [0, 1, 3, 2, 1])
      .ack("server")
      .say("server", ANSWER, [44])
      .ack("client")
      .say("client", BYE, [55])
      .say("server", BYE_OK)
      .close();
    const segments = await written(call);
    expect(segments).toHaveLength(call.packets.length);
    const streams = { out: "", in: "" };
    const next = { out: CLIENT.first + 1, in: SERVER.first + 1 };
    const provider = `${PROVIDER}:5060`;
    for (const { ends, sequence, payload } of segments) {
      const way = ends.startsWith(provider) ? "in" : "out";
      expect(ends).toBe(way === "in" ? `${provider} > ${PHONE}:6060` : `${EXTERNAL}:6060 > ${provider}`);
      const base = way === "out" ? CLIENT.first + 1 : SERVER.first + 1;
      const offset = (sequence - base) | 0;
      if (payload !== "") {
        streams[way] =
          streams[way].padEnd(offset).slice(0, offset) +
          payload +
          streams[way].slice(offset + payload.length);
      }
    }
    expect(streams.out).toBe(translated(INVITE) + translated(BYE));
    expect(streams.in).toBe(undone(ANSWER) + undone(BYE_OK));
    const grown = (next.out + streams.out.length) >>> 0;
    const [fin, finBack, last] = segments.slice(-3);
    expect(fin?.sequence).toBe(grown);
    expect(finBack?.acknowledged).toBe((grown + 1) >>> 0);
    expect(last?.acknowledged).toBe(next.in + streams.in.length + 1);
    // The provider's acknowledgement of the whole INVITE counts what it read of it.
    const afterInvite = segments.filter(({ ends }) => ends.startsWith(provider))[1];
    expect(afterInvite?.acknowledged).toBe((next.out + translated(INVITE).length) >>> 0);
  });

  it("moves the edges of what is acknowledged selectively", async () => {
    const call = talk().open().say("client", INVITE, [40]);
    const first = CLIENT.first + 1;
    const options = Buffer.from("0101050a0000000000000000", "hex");
    options.writeUInt32BE(first + 40, 4);
    options.writeUInt32BE((first + INVITE.length) >>> 0, 8);
    const [source, destination] = [SERVER, CLIENT];
    const ack = tcpPacket({
      source: source.host,
      sourcePort: source.port,
      destination: destination.host,
      destinationPort: destination.port,
      dataOffset: 8,
      payload: options.toString("latin1"),
    });
    ack.writeUInt32BE(SERVER.first + 1, 24);
    ack.writeUInt32BE(first, 28);
    ack.writeUInt8(0x10, 33);
    call.packets.push(ack);
    const moved = Buffer.from((await written(call)).at(-1)?.payload ?? "", "latin1");
    expect(moved.readUInt32BE(4)).toBe(first + 40);
    expect(moved.readUInt32BE(8)).toBe((first + translated(INVITE).length) >>> 0);
  });
});
