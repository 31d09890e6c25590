import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Endpoint } from "../packet/endpoint.ts";
import { canonicalHost, familyOf } from "../packet/host.ts";
import { scan } from "../sip/scan.ts";
import { translateInbound } from "../translate/inbound.ts";
import { ListedMapping, type ListedPort } from "../translate/listed-mapping.ts";
import type { FlowEnds } from "../translate/mapping.ts";
import { translateOutbound } from "../translate/outbound.ts";
import { splice } from "../translate/splice.ts";
import type { BodyLeft, Edit } from "../translate/translation.ts";

/** What commander makes of the flags. */
interface RewriteOptions {
  readonly direction: "outbound" | "inbound";
  readonly inside: Endpoint;
  readonly remote: Endpoint;
  readonly outside: string;
  readonly media: readonly ListedPort[];
  readonly explain?: true;
}

/** What `--explain` prints: every edit with the text before and after, or why there is none. */
export interface Explanation {
  readonly edits: readonly {
    readonly start: number;
    readonly end: number;
    readonly from: string;
    readonly to: string;
    readonly place: string;
    readonly rule: string;
  }[];
  /** Why the message passes unmodified; absent when it was translated. */
  readonly skipped?: string;
  readonly detail?: string;
  /** Why the body passes unmodified while the header fields are translated. */
  readonly bodyLeft?: BodyLeft;
}

/** The bytes a message becomes, and why. */
export interface Rewritten {
  readonly text: string;
  readonly explanation: Explanation;
}

/** Adds `rewrite` to the program: one message in, its translation out. */
export function registerRewrite(program: Command): void {
  program
    .command("rewrite")
    .description("translate one SIP message, as the daemon would, and write it to standard output")
    .argument("[file]", "the message; standard input without it, or with -")
    .addOption(
      new Option("--direction <direction>", "which way the message goes")
        .choices(["outbound", "inbound"])
        .makeOptionMandatory(),
    )
    .requiredOption("--inside <ip:port>", "the phone; its port is also the external one", parseEndpoint)
    .requiredOption("--remote <ip:port>", "the provider", parseEndpoint)
    .requiredOption("--outside <ip>", "the gateway's external address", parseHost)
    .option(
      "--media <ip:port=port>",
      "external port of an inside media address; repeatable",
      collectMedia,
      [],
    )
    .option("--explain", "print on standard error, as one JSON object, what was changed and by which rule")
    .action(async (file: string | undefined, options: RewriteOptions, command: Command) => {
      const stray = otherFamily(options);
      if (stray !== undefined) {
        command.error(
          `error: --inside ${options.inside.host} and ${stray} are not of one family; there is no NAT between two`,
        );
      }
      const text = await read(file, command);
      const { text: result, explanation } = rewrite(text, options);
      process.stdout.write(Buffer.from(result, "latin1"));
      if (options.explain === true) process.stderr.write(`${JSON.stringify(explanation)}\n`);
    });
}

/**
 * Translates one message as the daemon would, with ports that are given instead of allocated.
 *
 * @param text the message as latin1; any text is allowed, and comes back as it is when it is no SIP message
 */
export function rewrite(text: string, options: Omit<RewriteOptions, "explain">): Rewritten {
  const flow: FlowEnds = {
    inside: options.inside,
    outside: { host: options.outside, port: options.inside.port },
    remote: options.remote,
    transport: "udp",
  };
  const result = scan(text);
  switch (result.kind) {
    case "keep-alive":
      return { text, explanation: { edits: [], skipped: "keep-alive" } };
    case "not-sip":
      return {
        text,
        explanation: { edits: [], skipped: result.reason, detail: `at offset ${result.at}` },
      };
    case "message":
      break;
  }
  const mapping = new ListedMapping(flow, options.media);
  const translation =
    options.direction === "outbound"
      ? translateOutbound(result.message, flow, mapping.outbound)
      : translateInbound(result.message, flow, mapping.inbound);
  if (translation.kind === "skipped") {
    return { text, explanation: { edits: [], skipped: translation.reason, detail: translation.detail } };
  }
  const edits = translation.edits.map((edit) => explain(text, edit));
  const { bodyLeft } = translation;
  return {
    text: splice(text, translation.edits),
    explanation: bodyLeft === undefined ? { edits } : { edits, bodyLeft },
  };
}

function explain(text: string, { start, end, text: to, place, rule }: Edit): Explanation["edits"][number] {
  return { start, end, from: text.slice(start, end), to, place, rule };
}

async function read(file: string | undefined, command: Command): Promise<string> {
  try {
    const bytes = file === undefined || file === "-" ? await buffer(process.stdin) : await readFile(file);
    return bytes.toString("latin1");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return command.error(
      `error: ${file ?? "standard input"} cannot be read (${reason}); give a file that you may read`,
    );
  }
}

/** The first address that is not of the family of the inside one. */
function otherFamily({ inside, remote, outside, media }: RewriteOptions): string | undefined {
  const family = familyOf(inside.host);
  const others = [remote.host, outside, ...media.map((listed) => listed.inside.host)];
  return others.find((host) => familyOf(host) !== family);
}

function parseHost(text: string): string {
  const host = canonicalHost(text);
  if (host === undefined) {
    throw new InvalidArgumentError(`"${text}" is no IP address; give one like 203.0.113.1`);
  }
  return host;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new InvalidArgumentError(`"${text}" is no port; give 1 to 65535`);
  return port;
}

function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(":");
  if (colon < 0) {
    throw new InvalidArgumentError(
      `"${text}" has no port; give an address and a port like 192.168.50.10:5060`,
    );
  }
  const host = parseHost(text.slice(0, colon));
  if (host.includes(":") && !text.startsWith("[")) {
    throw new InvalidArgumentError(`"${text}" may mean several ports; give [${host}]:5060`);
  }
  return { host, port: parsePort(text.slice(colon + 1)) };
}

function collectMedia(text: string, before: readonly ListedPort[]): readonly ListedPort[] {
  const equal = text.lastIndexOf("=");
  if (equal < 0) {
    throw new InvalidArgumentError(
      `"${text}" has no external port; give an address, a port and its external port like 192.168.50.10:4000=30000`,
    );
  }
  const inside = parseEndpoint(text.slice(0, equal));
  const externalPort = parsePort(text.slice(equal + 1));
  const isTwice = before.some(
    (other) =>
      other.externalPort === externalPort ||
      (other.inside.host === inside.host && other.inside.port === inside.port),
  );
  if (isTwice) {
    throw new InvalidArgumentError(`"${text}" lists an address or an external port again; list each once`);
  }
  return [...before, { inside, externalPort }];
}
