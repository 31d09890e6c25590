import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { packageVersion } from "../package-root.ts";
import { ControlError } from "./control-error.ts";

/** Milliseconds without a byte after which the daemon is given up: it may be stopped, or be of no such kind. */
const PATIENCE = 30_000;

/**
 * Asks a daemon over its control socket.
 *
 * @param path with its query, such as "/calls?inside=192.168.50.10"
 * @returns the answer, its body still to be read; it breaks off with ControlError when the daemon ends meanwhile
 * @throws ControlError which says what is wrong and what to do
 */
export async function askControl(socket: string, path: string): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ socketPath: socket, path, timeout: PATIENCE }, resolve);
    asked.once("timeout", () => {
      asked.destroy(
        new ControlError(`${socket}: the daemon has not answered for ${PATIENCE / 1000} seconds`),
      );
    });
    asked.once("error", (error) => reject(failure(socket, error)));
    asked.end();
  });
  if (response.statusCode === 200) return response;
  const said = await text(response);
  throw new ControlError(`${socket}: ${refusal(response, path, said)}`);
}

/** An error of the socket as an admin can act on it. */
export function failure(socket: string, error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const remedy =
    REMEDIES[code] ??
    (code.startsWith("HPE_")
      ? "what listens there does not speak HTTP, so it is no sipexpectd; name the daemon's socket with --socket"
      : error instanceof Error
        ? error.message
        : String(error));
  return new ControlError(`${socket}: ${remedy}`, { cause: error });
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT:
    "there is no such socket; is the daemon running (sipexpectd run)? If it uses another path, name it with --socket",
  ECONNREFUSED:
    "nobody listens there, as after a daemon was killed; start it (sipexpectd run), or name its socket with --socket",
  EACCES: "only root may open it; use sudo",
  EPERM: "only root may open it; use sudo",
  ECONNRESET: "the daemon ended before its answer did; ask again",
};

function refusal({ statusCode, headers }: IncomingMessage, path: string, said: string): string {
  if (statusCode === 404) {
    const daemon = headers.server ?? "the daemon, of a version before 0.1,";
    const [name] = path.split("?", 1);
    return `${daemon} serves no ${name}, and this command is of ${packageVersion()}; restart the daemon to have both of one version`;
  }
  return `the daemon answers ${statusCode}: ${reasonIn(said)}`;
}

/** The text of `{"error": ...}`, or whatever was said instead, in one line. */
function reasonIn(said: string): string {
  try {
    const value: unknown = JSON.parse(said);
    if (typeof value === "object" && value !== null && "error" in value) return String(value.error);
  } catch {
    // Not ours: what it said is shown as it is.
  }
  return said.slice(0, 200).replace(/\s+/g, " ").trim();
}
