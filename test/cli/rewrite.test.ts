import { Buffer } from "node:buffer";
import { Command } from "commander";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { registerRewrite, rewrite } from "../../src/cli/rewrite.ts";
import { crlf } from "../translate/exchange.ts";

const options = {
  direction: "outbound",
  inside: { host: "192.168.50.10", port: 5060 },
  remote: { host: "198.51.100.5", port: 5060 },
  outside: "203.0.113.1",
  media: [],
} as const;

const OPTIONS = crlf(`OPTIONS sip:example.net SIP/2.0
Via: SIP/2.0/UDP 192.168.50.10:5060;branch=z9hG4bK1
From: <sip:a@example.net>;tag=1
To: <sip:example.net>
Call-ID: 1
CSeq: 1 OPTIONS
Contact: <sip:a@192.168.50.10:5062>

`);

/** Runs the command as the shell would, with what it throws and prints. */
async function run(...args: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  registerRewrite(program);
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  await program.parseAsync(["node", "sipexpectd", "rewrite", ...args]);
}

describe("sipexpectd rewrite", () => {
  it("keeps the signalling port and explains every edit by its place and its rule", () => {
    const { text, explanation } = rewrite(OPTIONS, options);
    expect(text).toBe(OPTIONS.replaceAll("192.168.50.10", "203.0.113.1"));
    expect(explanation).toEqual({
      edits: [
        {
          start: 50,
          end: 63,
          from: "192.168.50.10",
          to: "203.0.113.1",
          place: "via",
          rule: "RFC 3261 §18.1.1 sent-by",
        },
        {
          start: 187,
          end: 200,
          from: "192.168.50.10",
          to: "203.0.113.1",
          place: "contact",
          rule: "RFC 3261 §8.1.1.8 Contact",
        },
      ],
    });
  });

  it("gives back any bytes that are no SIP message", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom("outbound", "inbound"),
        (bytes, direction) => {
          const text = Buffer.from(bytes).toString("latin1");
          const result = rewrite(text, { ...options, direction });
          expect(result.text).toBe(text);
          expect(result.explanation.skipped).toBeDefined();
        },
      ),
    );
  });

  it("names the address that is wrong and how to write one", async () => {
    const rest = ["--direction", "outbound", "--remote", "198.51.100.5:5060", "--outside", "203.0.113.1"];
    await expect(run(...rest, "--inside", "192.168.50.10")).rejects.toThrow(
      '"192.168.50.10" has no port; give an address and a port like 192.168.50.10:5060',
    );
    await expect(run(...rest, "--inside", "phone:5060")).rejects.toThrow('"phone" is no IP address');
    await expect(
      run(...rest, "--inside", "192.168.50.10:5060", "--media", "192.168.50.10:4000"),
    ).rejects.toThrow("has no external port");
  });

  it("refuses addresses that no one NAT could stand between, and media listed twice", async () => {
    const rest = ["--direction=outbound", "--inside=192.168.50.10:5060", "--remote=198.51.100.5:5060"];
    await expect(run(...rest, "--outside=2001:db8::1")).rejects.toThrow(
      "--inside 192.168.50.10 and 2001:db8::1 are not of one family",
    );
    const media = ["--media=192.168.50.10:4000=30000", "--media=192.168.50.10:4002=30000"];
    await expect(run(...rest, "--outside=203.0.113.1", ...media)).rejects.toThrow(
      '"192.168.50.10:4002=30000" lists an address or an external port again',
    );
    await expect(run(...rest, "--outside=203.0.113.1", "--inside=2001:db8::5:5060")).rejects.toThrow(
      "give [2001:db8::5]:5060",
    );
  });

  it("names the file that cannot be read", async () => {
    const all = [
      "--direction",
      "outbound",
      "--inside",
      "192.168.50.10:5060",
      "--remote",
      "198.51.100.5:5060",
    ];
    for (const file of ["/nowhere/message", "/"]) {
      await expect(run(...all, "--outside", "203.0.113.1", file)).rejects.toThrow(`${file} cannot be read`);
    }
  });

  it("writes the translated bytes to standard output", async () => {
    const written: unknown[] = [];
    const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => written.push(chunk) > 0);
    try {
      await run(
        "--direction=outbound",
        "--inside=192.168.50.10:5060",
        "--remote=198.51.100.5:5060",
        "--outside=203.0.113.1",
        new URL("../corpus/rfc4475/wsinv.sip", import.meta.url).pathname,
      );
    } finally {
      write.mockRestore();
    }
    expect(String(written[0])).toContain("INVITE sip:vivekg@chair-dnrc.example.com");
  });
});
