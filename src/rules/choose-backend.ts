import type { Backend } from "./backend.ts";
import { tryCommand } from "./command.ts";
import { IptablesBackend } from "./iptables.ts";
import { NftBackend } from "./nft.ts";
import { RulesError } from "./rules-error.ts";

/** The words --backend takes. "iptables" is whichever of its two kinds the system's own command is. */
export const BACKEND_NAMES = ["iptables", "iptables-nft", "iptables-legacy", "nft"] as const;

/** One of the words of BACKEND_NAMES. */
export type BackendName = (typeof BACKEND_NAMES)[number];

/**
 * Opens a backend by its name.
 *
 * @throws RulesError when its command is not installed
 */
export function openBackend(name: BackendName): Backend {
  return name === "nft" ? NftBackend.open() : IptablesBackend.open(name);
}

/**
 * Opens the backend for an admin who named none: the system's iptables where there is one, nft otherwise.
 *
 * @throws RulesError when neither is installed
 */
export function detectBackend(): Backend {
  const name = (["iptables", "nft"] as const).find(isInstalled);
  if (name === undefined) {
    throw new RulesError("Neither iptables nor nft is installed: apt install iptables (or nftables).");
  }
  return openBackend(name);
}

/** Every backend this system has, each once. */
export function installedBackends(): Backend[] {
  const backends = new Map<string, Backend>();
  for (const name of BACKEND_NAMES.filter(isInstalled)) {
    const backend = openBackend(name);
    if (!backends.has(backend.title)) backends.set(backend.title, backend);
  }
  return [...backends.values()];
}

function isInstalled(name: BackendName): boolean {
  return tryCommand(name, ["--version"]) !== undefined;
}
