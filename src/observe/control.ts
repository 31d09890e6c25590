import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { packageVersion } from "../package-root.ts";
import { ControlError } from "./control-error.ts";
import { jsonRows } from "./json-rows.ts";
import type { Logger } from "./log.ts";

/** What a path answers with: one value that JSON can carry, or as many rows as there are, made as they are sent. */
export type ControlAnswer =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "rows"; readonly rows: Iterable<object> };

/** What is served under which path; a route throws ControlError when the query asks for what it does not have. */
export type ControlRoutes = Readonly<Record<string, (query: URLSearchParams) => ControlAnswer>>;

/** Milliseconds after which a client that takes nothing more is left. */
const PATIENCE = 30_000;

/**
 * Serves the control API: HTTP over a Unix socket that only root may open, every answer JSON.
 *
 * A socket file left behind by a killed process is replaced. What a client asks can neither end the daemon nor hold
 * up its packets: rows are sent in slices (see `jsonRows`), no faster than the client reads them.
 *
 * @returns the server, once it listens; it rejects with ControlError when the socket cannot be made
 */
export async function serveControl(path: string, routes: ControlRoutes, log: Logger): Promise<Server> {
  const version = packageVersion();
  const server = createServer((request, response) => {
    response.setHeader("server", `sipexpectd/${version}`);
    answer(request, response, routes).catch((error: unknown) => {
      // Whoever goes before the end has what he wanted.
      if (error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE") return;
      log.error({ err: error, url: request.url }, "control socket: not answered");
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: "the daemon failed at this; its log says why" });
    });
  });
  server.timeout = PATIENCE;
  const mask = process.umask(0o077);
  try {
    mkdirSync(dirname(path), { recursive: true });
    removeSocket(path);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ControlError(`control socket ${path}: ${reason}; choose another path with --socket`, { cause });
  } finally {
    process.umask(mask);
  }
  return server;
}

/** Takes out the socket that a daemon left when it was killed, and nothing else: a path is soon mistyped. */
function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error("a file that is no socket stands there");
  rmSync(path);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ControlRoutes,
): Promise<void> {
  if (request.method !== "GET") {
    response.setHeader("allow", "GET");
    sendJson(response, 405, { error: `${request.method} is not for here; use GET` });
    return;
  }
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    sendJson(response, 404, { error: `there is no ${path} here`, paths: Object.keys(routes) });
    return;
  }
  let found: ControlAnswer;
  try {
    found = route(new URLSearchParams(query));
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    sendJson(response, 400, { error: error.message });
    return;
  }
  if (found.kind === "value") {
    sendJson(response, 200, found.value);
    return;
  }
  response.setHeader("content-type", "application/json");
  await pipeline(Readable.from(jsonRows(found.rows)), response);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(value)}\n`);
}
