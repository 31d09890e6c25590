import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bracketed } from "./ip-address.ts";
import {
  type Lab,
  PROVIDER_HOSTS,
  PROVIDER_HOSTS_IPV6,
  phoneAddress,
  phoneIpv6Address,
} from "./namespaces.ts";

/** SIPp's own count of a run, at its calling side. */
export interface SippStatistics {
  readonly created: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
}

/** Bytes SIPp has for what it has not read yet: its default of 64 KiB overflows where the machine is busy for a second. */
const BUFFER = ["-buff_size", "1000000"] as const;

/** What SIPp is to do. */
export interface SippLoad {
  readonly calls: number;
  /** Calls begun per second. */
  readonly rate: number;
  /** SIPp's -t: u1 one UDP socket, t1 one TCP connection, tn a TCP connection per call. */
  readonly transport?: "u1" | "t1" | "tn";
  /** Milliseconds from a call's ACK to its BYE. */
  readonly hold?: number;
  /** Default "ipv4". */
  readonly family?: "ipv4" | "ipv6";
}

/**
 * Runs SIPp's built-in uac scenario behind the gateway against its uas outside. SIPp puts its own address into Via,
 * Contact and SDP, and sends no media.
 *
 * Rejects with LabCommandError when SIPp cannot be started or fails otherwise than by failed calls.
 */
export async function runSipp(
  lab: Lab,
  { calls, rate, transport = "u1", hold = 1000, family = "ipv4" }: SippLoad,
): Promise<SippStatistics> {
  const [callee] = family === "ipv6" ? PROVIDER_HOSTS_IPV6 : PROVIDER_HOSTS;
  const caller = family === "ipv6" ? phoneIpv6Address(0) : phoneAddress(0);
  const statistics = join(lab.directory, "sipp.csv");
  const uas = lab.spawn(
    "prov",
    "sipp",
    ["-sn", "uas", "-i", callee, "-p", "5060", "-t", transport === "u1" ? "u1" : "t1", ...BUFFER, "-nostdin"],
    {
      cwd: lab.directory,
      stdio: "ignore",
    },
  );
  const peer = ["-sn", "uac", `${bracketed(callee)}:5060`, "-i", caller, "-p", "5060"];
  const load = [
    "-m",
    `${calls}`,
    "-r",
    `${rate}`,
    "-d",
    `${hold}`,
    "-timeout",
    "100s",
    "-t",
    transport,
    ...BUFFER,
  ];
  // Its default, 50,000, it refuses itself where fewer files may be open.
  if (transport === "tn") load.push("-max_socket", "4000");
  await listening(lab, uas);
  const trace = ["-trace_stat", "-stf", statistics, "-fd", "1"];
  const uac = lab.spawn("phone", "sipp", [...peer, ...load, ...trace, "-nostdin"], {
    cwd: lab.directory,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  uac.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const [status, signal] = (await once(uac, "exit")) as [number | null, NodeJS.Signals | null];
  uas.kill();
  // sipp(1): 0 all calls were successful, 1 at least one failed; anything else is an error of the run itself.
  if (status !== 0 && status !== 1)
    throw new Error(`sipp ended by ${signal ?? `status ${status}`}: ${complaint}`);
  return readStatistics(statistics);
}

/** Waits until the callee listens; rejects when it ends instead. */
async function listening(lab: Lab, uas: ChildProcess): Promise<void> {
  while ((await lab.exec("prov", "ss", "-Hlntu", "sport = :5060")) === "") {
    if (uas.exitCode !== null) throw new Error(`sipp as callee ended with status ${uas.exitCode}.`);
    await delay(20);
  }
}

/** The last row of a -trace_stat file; columns named (C) are cumulative. */
function readStatistics(path: string): SippStatistics {
  const rows = readFileSync(path, "utf8").trim().split("\n");
  const titles = rows[0]?.split(";") ?? [];
  const last = rows.at(-1)?.split(";") ?? [];
  const value = (title: string) => {
    const column = titles.indexOf(title);
    if (column < 0)
      throw new Error(`${path} has no column ${title}; this SIPp is not the 3.6 that the lab knows.`);
    return Number(last[column]);
  };
  return {
    created: value("TotalCallCreated"),
    successful: value("SuccessfulCall(C)"),
    failed: value("FailedCall(C)"),
    retransmissions: value("Retransmissions(C)"),
  };
}
