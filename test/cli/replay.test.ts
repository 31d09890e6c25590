import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCapture } from "../../src/capture/read-capture.ts";
import { checksumOf, sumWords } from "../../src/packet/checksum.ts";
import { numberToIpv4 } from "../../src/packet/ipv4.ts";
import { PacketView } from "../../src/packet/packet-view.ts";
import { pcapFile, pcapngSection } from "../capture/files.ts";
import { udpPacket } from "../packet/packets.ts";
import { EXTERNAL, message, PHONE, PROVIDER, sdp } from "./messages.ts";
import { runReplay } from "./run-replay.ts";

const RAW = { order: "little", nanoseconds: true, linkType: 101 } as const;

const CONTACT = [`Contact: <sip:a@${PHONE}:5060>`];
const INVITE = message("INVITE sip:b@example.net SIP/2.0", "1 INVITE", CONTACT, sdp(PHONE, 40_000));
const ANSWER = message("SIP/2.0 200 OK", "1 INVITE", ["Contact: <sip:b@198.51.100.5>"], sdp(PROVIDER, 5004));
/** What the phone reads: `received` names what the phone knows itself by. */
const ANSWER_READ = ANSWER.replace(`received=${EXTERNAL}`, `received=${PHONE}`);
const BYE = message("BYE sip:b@example.net SIP/2.0", "2 BYE", []);
const BYE_OK = message("SIP/2.0 200 OK", "2 BYE", []);

type Ends = readonly [source: string, destination: string];
const OUT: Ends = [PHONE, PROVIDER];
const IN: Ends = [PROVIDER, PHONE];

function udp([source, destination]: Ends, payload: string, port = 5060): Buffer {
  return udpPacket({ source, destination, sourcePort: port, destinationPort: port, payload });
}

function frames(...packets: readonly Buffer[]): { time: bigint; bytes: Buffer }[] {
  return packets.map((bytes, index) => ({
    time: 1_700_000_000_000_000_000n + BigInt(index) * 250_000_000n,
    bytes,
  }));
}

const CALL = frames(
  udp(OUT, INVITE),
  udp(IN, ANSWER),
  udp(OUT, "\x80\x00 media", 40_000),
  udp(OUT, BYE),
  udp(IN, BYE_OK),
);

describe("sipexpectd replay", () => {
  let folder: string;
  let printed: string;
  let failed: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "replay-"));
    printed = "";
    failed = "";
  });

  afterEach(() => {
    process.exitCode = undefined;
    rmSync(folder, { recursive: true });
  });

  /** Runs the command on a file of these bytes, as the shell would. */
  async function replay(bytes: Buffer, ...args: string[]): Promise<string[]> {
    const file = join(folder, "call.pcap");
    writeFileSync(file, bytes);
    const run = await runReplay(file, args);
    printed += run.out;
    failed += run.err;
    if (run.error !== undefined) throw run.error;
    return printed.split("\n");
  }

  it("draws a call with what is changed and which media ports are opened and closed", async () => {
    const lines = await replay(pcapFile(CALL, RAW));
    expect(lines).toEqual([
      `external address ${EXTERNAL} (as a Via of the capture says; name another with --outside)`,
      "",
      "Call-ID call-1",
      "    0.000000  192.168.50.10:5060 --> 203.0.113.1:5060 --> 198.51.100.5:5060  INVITE sip:b@example.net SIP/2.0",
      "              via             192.168.50.10 -> 203.0.113.1",
      "              contact         192.168.50.10 -> 203.0.113.1",
      "              content-length  96 -> 92",
      "              sdp-origin      192.168.50.10 -> 203.0.113.1",
      "              sdp-connection  192.168.50.10 -> 203.0.113.1",
      "              opens audio rtp 192.168.50.10:40000 <-- 203.0.113.1:40000 <-- any",
      "              opens audio rtcp 192.168.50.10:40001 <-- 203.0.113.1:40001 <-- any",
      "    0.250000  192.168.50.10:5060 <-- 203.0.113.1:5060 <-- 198.51.100.5:5060  SIP/2.0 200 OK",
      "              via             203.0.113.1 -> 192.168.50.10",
      "              opens audio rtp 192.168.50.10:40000 --> 203.0.113.1:40000 --> 198.51.100.5:5004",
      "              opens audio rtcp 192.168.50.10:40001 --> 203.0.113.1:40001 --> 198.51.100.5:5005",
      "    0.750000  192.168.50.10:5060 --> 203.0.113.1:5060 --> 198.51.100.5:5060  BYE sip:b@example.net SIP/2.0",
      "              via             192.168.50.10 -> 203.0.113.1",
      "    1.000000  192.168.50.10:5060 <-- 203.0.113.1:5060 <-- 198.51.100.5:5060  SIP/2.0 200 OK",
      "              via             203.0.113.1 -> 192.168.50.10",
      "              closes audio 203.0.113.1:40000, 203.0.113.1:40001",
      "",
      "external ports:",
      "  203.0.113.1:5060/udp  for 192.168.50.10:5060   sip",
      "  203.0.113.1:40000/udp for 192.168.50.10:40000  audio rtp  Call-ID call-1",
      "  203.0.113.1:40001/udp for 192.168.50.10:40001  audio rtcp  Call-ID call-1",
      "",
      "not followed:",
      "       1  UDP packets that are not SIP (media, keep-alives)",
      "",
      "1 call, 4 messages: 4 translated, 0 with nothing to change, 0 passed unmodified",
      "",
    ]);
  });

  it("takes pcapng the same", async () => {
    const pcap = await replay(pcapFile(CALL, RAW));
    printed = "";
    expect(await replay(pcapngSection(CALL, { ...RAW, order: "big" }))).toEqual(pcap);
  });

  it("undoes at the phone what a capture of the outside holds", async () => {
    const outsideAnswer = ANSWER.replace(`${PHONE}:5060;`, `${EXTERNAL}:5060;`);
    const capture = frames(udp(OUT, INVITE), udp([PROVIDER, EXTERNAL], outsideAnswer));
    const written = join(folder, "out.pcap");
    const lines = await replay(pcapFile(capture, RAW), "--outside", EXTERNAL, "--write", written);
    expect(lines).toContain("              via             203.0.113.1 -> 192.168.50.10");
    const [, answer] = [...readCapture(written, readFileSync(written))];
    expect(answer?.bytes.toString("latin1", 28)).toBe(ANSWER_READ);
  });

  it("writes each packet as it leaves the gateway, with right checksums", async () => {
    const written = join(folder, "out.pcap");
    await replay(pcapFile(CALL, RAW), "--write", written);
    const packets = [...readCapture(written, readFileSync(written))];
    expect(packets.map(({ time }) => time)).toEqual(CALL.map(({ time }) => time));
    const view = new PacketView();
    const ends = packets.map(({ bytes }) => {
      expect(view.parse(bytes, 0, bytes.length)).toBe("udp");
      return `${numberToIpv4(view.source)} > ${numberToIpv4(view.destination)}`;
    });
    const outbound = `${EXTERNAL} > ${PROVIDER}`;
    const inbound = `${PROVIDER} > ${PHONE}`;
    expect(ends).toEqual([outbound, inbound, `${PHONE} > ${PROVIDER}`, outbound, inbound]);
    const [invite, answer, media] = packets.map(({ bytes }) => bytes);
    expect(invite?.toString("latin1", 28)).toBe(
      INVITE.replaceAll(PHONE, EXTERNAL).replace("Content-Length: 96", "Content-Length: 92"),
    );
    expect(answer?.toString("latin1", 28)).toBe(ANSWER_READ);
    expect(media).toEqual(CALL[2]?.bytes);
    for (const bytes of [invite, answer]) {
      if (bytes === undefined) throw new Error("a packet is missing");
      const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      expect(checksumOf(sumWords(data, 0, 20))).toBe(0);
      const pseudo = sumWords(data, 12, 20) + 17 + bytes.length - 20;
      expect(checksumOf(pseudo + sumWords(data, 20, bytes.length))).toBe(0);
    }
  });

  it("says which packets its translation does not fit into", async () => {
    const padded = (length: number): string =>
      message("OPTIONS sip:b@example.net SIP/2.0", "1 OPTIONS", [...CONTACT, `X: ${"x".repeat(length)}`]);
    const largest = padded(65_507 - padded(0).length);
    const written = join(folder, "out.pcap");
    const capture = frames(udp(OUT, largest));
    const lines = await replay(pcapFile(capture, RAW), "--outside", "203.113.113.113", "--write", written);
    expect(lines).toContain(
      "       1  packets that would exceed 65535 bytes when translated, and are written as they came",
    );
    expect([...readCapture(written, readFileSync(written))][0]?.bytes).toEqual(capture[0]?.bytes);
  });

  it("follows a call that comes in to a phone whose registration is not in the capture", async () => {
    const invite = message(`INVITE sip:a@${PHONE} SIP/2.0`, "1 INVITE", [], sdp(PROVIDER, 5004));
    const lines = await replay(pcapFile(frames(udp(IN, invite)), RAW), "--outside", EXTERNAL);
    expect(lines).toContain("              taken to have registered before the capture began");
    expect(lines.some((line) => line.includes("passes unmodified"))).toBe(false);
  });

  it("says why a message passes unmodified", async () => {
    const broken = INVITE.replace("m=audio", "m=audio audio");
    const lines = await replay(pcapFile(frames(udp(OUT, broken)), RAW), "--outside", EXTERNAL);
    expect(lines.find((line) => line.includes("passes unmodified"))).toContain(
      "untranslatable: malformed-sdp",
    );
    const unreadable = INVITE.replace("CSeq: 1", "CSeq: x");
    printed = "";
    const others = await replay(pcapFile(frames(udp(OUT, unreadable)), RAW), "--outside", EXTERNAL);
    expect(others).toContain("SIP that cannot be read");
    expect(others.find((line) => line.includes("passes unmodified"))).toContain("malformed-cseq (at byte");
  });

  it("says why a body was left alone", async () => {
    const candidate =
      "a=candidate:1 1 UDP 1 198.51.100.77 40000 typ srflx raddr 192.168.50.10 rport 40000\r\n";
    const offer = message(
      "INVITE sip:b@example.net SIP/2.0",
      "1 INVITE",
      CONTACT,
      sdp(PHONE, 40_000) + candidate,
    );
    const lines = await replay(pcapFile(frames(udp(OUT, offer)), RAW), "--outside", EXTERNAL);
    expect(lines.filter((line) => line.includes("body left as it is"))).toEqual([
      "              body left as it is: the phone has named a public address itself (ICE, RFC 8839)",
    ]);
    expect(lines.at(-2)).toMatch(/^1 call, 1 message: 1 translated, .*, bodies left \(1 ice\)$/);
  });

  it("shows media that two inside phones are made to speak directly", async () => {
    const other = "192.168.50.11";
    const second = message(`INVITE sip:c@${other} SIP/2.0`, "1 INVITE", [], sdp(EXTERNAL, 40_000)).replace(
      "Call-ID: call-1",
      "Call-ID: call-2",
    );
    const capture = frames(udp(OUT, INVITE), udp([PROVIDER, other], second));
    const lines = await replay(pcapFile(capture, RAW), "--outside", EXTERNAL);
    expect(lines).toContain(
      "              hairpin: audio at 203.0.113.1:40000 is 192.168.50.10:40000, spoken to directly",
    );
  });

  it("sums up what passed unmodified by why", async () => {
    const broken = INVITE.replace("m=audio", "m=audio audio");
    const unreadable = INVITE.replace("CSeq: 1", "CSeq: x");
    const capture = frames(udp(OUT, broken), udp(OUT, unreadable), udp(OUT, broken), udp(OUT, INVITE));
    const lines = await replay(pcapFile(capture, RAW), "--outside", EXTERNAL);
    expect(lines.at(-2)).toBe(
      "1 call, 4 messages: 1 translated, 0 with nothing to change, " +
        "3 passed unmodified (2 untranslatable: malformed-sdp, 1 not-sip: malformed-cseq)",
    );
  });

  it("prints one JSON object that holds what the ladder shows", async () => {
    const whole = pcapFile(CALL, RAW);
    const [text = ""] = await replay(whole.subarray(0, whole.length - 1), "--json");
    const printedObject: unknown = JSON.parse(text);
    expect(printedObject).toMatchObject({
      external: { host: EXTERNAL, from: "received" },
      messages: [
        {
          time: "0.000000",
          direction: "outbound",
          callId: "call-1",
          line: "INVITE sip:b@example.net SIP/2.0",
          outcome: "translated",
          inside: { host: PHONE, port: 5060 },
          outside: { host: EXTERNAL, port: 5060 },
        },
        { direction: "inbound", line: "SIP/2.0 200 OK" },
        { line: "BYE sip:b@example.net SIP/2.0" },
      ],
      ports: [
        { use: "sip" },
        { use: "audio rtp", outside: { port: 40_000 }, inside: { port: 40_000 }, callId: "call-1" },
        { use: "audio rtcp" },
      ],
      left: { "UDP packets that are not SIP (media, keep-alives)": 1 },
      summary: { calls: 1, messages: 3, translated: 3, unchanged: 0, passed: {} },
    });
    expect(printedObject).toHaveProperty("messages.0.edits.0", {
      start: INVITE.indexOf(PHONE),
      end: INVITE.indexOf(PHONE) + PHONE.length,
      from: PHONE,
      to: EXTERNAL,
      place: "via",
      rule: "RFC 3261 §18.1.1 sent-by",
    });
    expect(printedObject).toHaveProperty("messages.1.media.0", {
      kind: "open",
      media: "audio",
      transport: "udp",
      component: "rtp",
      inside: { host: PHONE, port: 40_000 },
      outside: { host: EXTERNAL, port: 40_000 },
      direction: "outbound",
      remote: { host: PROVIDER, port: 5004 },
    });
    expect(printedObject).toHaveProperty("fault", expect.stringContaining("the file ends within a packet"));
    expect(process.exitCode).toBe(1);
  });

  it("tells how to capture when no SIP of the inside is there", async () => {
    const lines = await replay(pcapFile(CALL, RAW), "--inside", "10.0.0.0/8");
    expect(lines).toContain(
      "no SIP from or to the inside networks; see --inside, and capture on the phones' side",
    );
    expect(lines).toContain("       5  packets between two outside hosts");
    printed = "";
    const outside = await replay(
      pcapFile(frames(udp([PROVIDER, EXTERNAL], ANSWER)), RAW),
      "--outside",
      EXTERNAL,
    );
    expect(outside[2]).toBe(lines[2]);
  });

  it("prints nothing that a terminal would obey", async () => {
    const hostile = INVITE.replace("sip:b@example.net SIP", "sip:b\x1b[2J@example.net SIP").replace(
      "Call-ID: call-1",
      "Call-ID: \x1b[31mcall",
    );
    await replay(pcapFile(frames(udp(OUT, hostile)), RAW), "--outside", EXTERNAL);
    expect(printed).not.toContain("\x1b");
    expect(printed).toContain("INVITE sip:b");
  });

  it("prints of a kind of media nothing that a terminal would obey", async () => {
    const invite = INVITE.replace("m=audio", "m=a\x1b[2J");
    await replay(pcapFile(frames(udp(OUT, invite), udp(OUT, BYE), udp(IN, BYE_OK)), RAW));
    expect(printed).toContain("opens a?[2j rtp");
    expect(printed).toContain("closes a?[2j");
    expect(printed).not.toContain("\x1b");
  });

  it("shows what is whole of a truncated file, then fails with one line", async () => {
    const whole = pcapFile(CALL, RAW);
    await replay(whole.subarray(0, whole.length - 1));
    expect(process.exitCode).toBe(1);
    expect(printed).toContain("BYE sip:b@example.net");
    expect(failed).toMatch(
      /^sipexpectd: \/.*call\.pcap: offset \d+: the file ends within a packet .*; packets.*\n$/,
    );
  });

  it("names what is wrong with a file or a flag", async () => {
    await replay(Buffer.from("no capture"));
    expect(process.exitCode).toBe(1);
    expect(failed).toContain("call.pcap: a file that begins with 6e6f2063 is no capture");
    failed = "";
    await replay(pcapFile(CALL, { ...RAW, linkType: 105 }));
    expect(failed).toMatch(/call\.pcap: link type 105 is not read; capture Ethernet, `-i any` or raw IP\n$/);
    const absent = await runReplay(join(folder, "absent.pcap"), []);
    expect(absent.err).toMatch(
      /^sipexpectd: .*absent\.pcap: it cannot be read \(ENOENT.*; give the path of a capture.*\n$/,
    );
    await expect(replay(pcapFile(CALL, RAW), "--inside", "phones")).rejects.toMatchObject({ exitCode: 1 });
    expect(failed).toContain('"phones" is not an IPv4 network');
    failed = "";
    await replay(pcapFile(CALL, RAW), "--write", join(folder, "absent", "out.pcap"));
    expect(failed).toMatch(/^sipexpectd: .*out\.pcap: it cannot be written \(ENOENT.*; give --write.*\n$/);
  });
});
