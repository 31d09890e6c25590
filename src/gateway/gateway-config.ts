import type { Config } from "../config/schema.ts";

/** The configuration once both sides have been named. */
export type GatewayConfig = Config & { readonly outside: string };
