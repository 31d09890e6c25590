import { mkdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { dirname } from "node:path";

/** What a path of the control API answers with: any value that JSON can carry. */
export type ControlRoutes = Readonly<Record<string, () => unknown>>;

/**
 * Serves the control API: HTTP over a Unix socket that only root may open, every answer a JSON value.
 *
 * A socket file left behind by a killed process is replaced.
 *
 * @returns the server, once it listens; it rejects with the reason when the socket cannot be made
 */
export async function serveControl(path: string, routes: ControlRoutes): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    const route = routes[request.url ?? ""];
    response.setHeader("content-type", "application/json");
    if (route === undefined) {
      response.statusCode = 404;
      response.end(JSON.stringify({ error: `no such path: ${request.url}`, paths: Object.keys(routes) }));
      return;
    }
    response.end(JSON.stringify(route()));
  });
  const mask = process.umask(0o077);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  return server;
}
