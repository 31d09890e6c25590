import { once } from "node:events";
import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type Server as HttpServer, request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ControlRoutes, serveControl } from "../../src/observe/control.ts";
import { askControl } from "../../src/observe/control-client.ts";
import { ControlError } from "../../src/observe/control-error.ts";

const MANY = 200_000;
let made = 0;

function* rows(count: number): Generator<object> {
  for (made = 0; made < count; made++)
    yield { row: made, text: "a row of the length that rows have, more or less" };
}

const ROUTES: ControlRoutes = {
  "/few": () => ({ kind: "rows", rows: rows(3) }),
  "/many": () => ({ kind: "rows", rows: rows(MANY) }),
  "/broken": () => ({
    kind: "rows",
    rows: (function* () {
      yield* rows(1000);
      throw new Error("a row that cannot be made");
    })(),
  }),
  "/value": (query) => ({ kind: "value", value: Object.fromEntries(query) }),
  "/fails": () => {
    throw new Error("a defect");
  },
  "/refuses": () => {
    throw new ControlError("there is no such filter");
  },
};

/** Leaves a socket behind as a killed process does: under its second name, which closing does not remove. */
async function leave(socket: string): Promise<void> {
  const left = createServer().listen(`${socket}.first`);
  await once(left, "listening");
  linkSync(`${socket}.first`, socket);
  left.close();
}

describe("the control socket", () => {
  let folder: string;
  let socket: string;
  let server: HttpServer;
  let log: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sipexpectd-control-"));
    socket = join(folder, "run", "control.sock");
    log = [];
    server = await serve();
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  function serve(path = socket): Promise<HttpServer> {
    return serveControl(path, ROUTES, pino({ base: null }, { write: (line) => void log.push(line) }));
  }

  async function ask(path: string): Promise<unknown> {
    return JSON.parse(await text(await askControl(socket, path)));
  }

  it("is for its owner alone", () => {
    expect(statSync(socket).mode & 0o777).toBe(0o700);
  });

  it("answers with rows and with values, and passes the query on", async () => {
    expect(await ask("/few")).toHaveLength(3);
    expect(await ask("/value?inside=192.168.50.10")).toEqual({ inside: "192.168.50.10" });
  });

  it("takes the place of a socket that a killed daemon has left", async () => {
    server.close();
    await leave(socket);
    server = await serve();
    expect(await ask("/few")).toHaveLength(3);
  });

  it("says which versions differ when a path is not there", async () => {
    await expect(ask("/explain?x=1")).rejects.toThrow(
      /sipexpectd\/\d+\.\d+\.\d+ serves no \/explain, and this command is of \d+\.\d+\.\d+; restart the daemon/,
    );
    await expect(ask("/__proto__")).rejects.toThrow("serves no /__proto__");
  });

  it("says what is wrong with a query", async () => {
    await expect(ask("/refuses")).rejects.toThrow("the daemon answers 400: there is no such filter");
  });

  it("answers a defect of its own with 500, says it in the log, and goes on", async () => {
    await expect(ask("/fails")).rejects.toThrow("the daemon answers 500: the daemon failed at this");
    expect(log.join()).toContain("a defect");
    expect(await ask("/few")).toHaveLength(3);
  });

  it("breaks an answer off where a row cannot be made, rather than end it as if it were whole", async () => {
    await expect(ask("/broken")).rejects.toThrow("aborted");
    expect(log.join()).toContain("a row that cannot be made");
  });

  it("is read with GET alone", async () => {
    const [response] = await once(
      request({ socketPath: socket, path: "/few", method: "POST" }).end(),
      "response",
    );
    expect([response.statusCode, response.headers.allow]).toEqual([405, "GET"]);
  });

  it("makes no more rows than a client takes, and none once it has gone", async () => {
    const client = connect(socket);
    client.pause();
    client.write("GET /many HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // It stops by itself when the socket's buffers are full.
    let before = -1;
    await vi.waitFor(
      () => {
        const still = made > 0 && made === before;
        before = made;
        expect(still).toBe(true);
      },
      { interval: 200, timeout: 10_000 },
    );
    expect(made).toBeLessThan(MANY / 10);
    client.destroy();
    expect(await ask("/few")).toHaveLength(3);
    expect(log).toEqual([]);
  });

  it("says which path cannot be had", async () => {
    writeFileSync(join(folder, "file"), "");
    const path = join(folder, "file", "control.sock");
    await expect(serve(path)).rejects.toThrow(new RegExp(`^control socket ${path}: EEXIST.*--socket$`));
  });

  it("leaves a file alone that is no socket", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "precious");
    await expect(serve(path)).rejects.toThrow(
      `control socket ${path}: a file that is no socket stands there`,
    );
    expect(readFileSync(path, "utf8")).toBe("precious");
  });
});

describe("askControl", () => {
  let folder: string;
  let socket: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sipexpectd-control-"));
    socket = join(folder, "control.sock");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("asks whether the daemon is running where there is no socket", async () => {
    await expect(askControl(socket, "/stats")).rejects.toThrow(
      `${socket}: there is no such socket; is the daemon running (sipexpectd run)?`,
    );
  });

  it("says that nobody listens on what is left of a socket", async () => {
    await leave(socket);
    await expect(askControl(socket, "/stats")).rejects.toThrow(`${socket}: nobody listens there`);
  });

  it("says that a server of another kind is none of ours", async () => {
    const other = createServer((client) => client.end("220 mail.example.com ESMTP\r\n")).listen(socket);
    await once(other, "listening");
    await expect(askControl(socket, "/stats")).rejects.toThrow("does not speak HTTP, so it is no sipexpectd");
    other.close();
  });
});
