import type { Transport } from "../packet/endpoint.ts";
import type { PortRange } from "../packet/port-range.ts";
import { RulesError } from "./rules-error.ts";

/** RuleParameters is everything that the rules of one gateway depend on. */
export interface RuleParameters {
  /** Names of the interfaces the phones are behind; at least one. */
  readonly inside: readonly string[];
  /** Names of the interfaces the providers are behind; at least one, none of them an inside one. */
  readonly outside: readonly string[];
  readonly transports: readonly Transport[];
  /** NFQUEUE number, 0-65535. */
  readonly queue: number;
  /** External ports that bindings are given: SIP that comes to them from any source port is queued. */
  readonly signallingPorts: PortRange;
}

/** Longest interface name in bytes: IFNAMSIZ of linux/if.h less its terminating zero. */
const LONGEST_INTERFACE_NAME = 15;
const INTERFACE_CHARACTERS = /^[A-Za-z0-9_.@-]+$/;

/**
 * Reads one interface name.
 *
 * The kernel allows almost any byte in a name (dev_valid_name in net/core/dev.c). We allow what is in use:
 * a trailing `+` is a wildcard to iptables and a trailing `*` to nft, and quotes would end nft's string.
 *
 * @throws RulesError when it cannot be the name of an interface
 */
export function parseInterface(text: string): string {
  if (text.length > LONGEST_INTERFACE_NAME) {
    throw new RulesError(
      `"${text}" is not an interface name: it has ${text.length} characters, the kernel allows` +
        ` ${LONGEST_INTERFACE_NAME}. "ip link" lists the names.`,
    );
  }
  if (!INTERFACE_CHARACTERS.test(text) || text === "." || text === ".." || text.startsWith("-")) {
    throw new RulesError(
      `"${text}" is not an interface name: use letters, digits and "_.@-", no wildcard, one name per word.` +
        ` "ip link" lists the names.`,
    );
  }
  return text;
}

/**
 * Reads an NFQUEUE number.
 *
 * @throws RulesError unless it is a whole number from 0 to 65535
 */
export function parseQueue(text: string): number {
  const queue = wholeNumber(text);
  if (queue === undefined || queue > 65535) {
    throw new RulesError(`"${text}" is not a queue number: give a whole number from 0 to 65535, such as 0.`);
  }
  return queue;
}

/**
 * Reads "5060-9999" or a single port.
 *
 * @throws RulesError unless both are ports from 1 to 65535 and in order
 */
export function parsePortRange(text: string): PortRange {
  const [firstText = "", lastText = firstText, ...rest] = text.split("-");
  const first = wholeNumber(firstText);
  const last = wholeNumber(lastText);
  if (rest.length > 0 || first === undefined || last === undefined || first < 1 || last > 65535) {
    throw new RulesError(`"${text}" is not a port range: give two ports from 1 to 65535, such as 5060-9999.`);
  }
  if (first > last) {
    throw new RulesError(`"${text}" is an empty port range: put the smaller port first, ${last}-${first}.`);
  }
  return { first, last };
}

/**
 * Reads "udp" or "tcp".
 *
 * @throws RulesError for any other word
 */
export function parseTransport(text: string): Transport {
  if (text === "udp" || text === "tcp") return text;
  throw new RulesError(`"${text}" is not a transport whose SIP can be queued: give udp or tcp.`);
}

/**
 * Checks what only shows when the parameters stand together, and drops repeated names.
 *
 * @throws RulesError when a side has no interface, or one interface is on both sides
 */
export function checkParameters(parameters: RuleParameters): RuleParameters {
  const inside = [...new Set(parameters.inside)];
  const outside = [...new Set(parameters.outside)];
  if (inside.length === 0) {
    throw new RulesError(
      "No inside interface is given: name the one the phones are behind, as in --inside lan0.",
    );
  }
  if (outside.length === 0) {
    throw new RulesError("No outside interface is given: name the provider's side, as in --outside wan0.");
  }
  const both = inside.find((name) => outside.includes(name));
  if (both !== undefined) {
    throw new RulesError(
      `Interface "${both}" is given as inside and as outside: it can be only one of them.`,
    );
  }
  return { ...parameters, inside, outside, transports: [...new Set(parameters.transports)] };
}

/** Reads a decimal number of up to five digits; undefined for anything else ("+1", "1e3", "0x1", ""). */
function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}
