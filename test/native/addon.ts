import { createRequire } from "node:module";
import { loadNative, type Native } from "../../src/kernel/native.ts";

/** The addon under test: the one that `npm run build:native` made, or that native/sanitize.sh names. */
export function loadAddon(): Native {
  const path = process.env.SIPEXPECTD_ADDON;
  return path === undefined ? loadNative() : (createRequire(import.meta.url)(path) as Native);
}
