import { expect, it } from "vitest";
import { mediaTarget } from "../../src/gateway/media-target.ts";
import { scanSession } from "../../src/sdp/scan.ts";

it("keeps little of an m= line whose kind of media fills a message", () => {
  const text = `v=0\r\nc=IN IP4 192.168.50.10\r\nm=${"x".repeat(60_000)} 40000 RTP/AVP 0\r\n`;
  const scanned = scanSession(text, 0, text.length);
  if (scanned.kind !== "session" || scanned.session.media[0] === undefined) throw new Error(scanned.kind);
  const target = mediaTarget(scanned.session.media[0]);
  expect(JSON.stringify(target).length).toBeLessThan(512);
  expect(target).toMatchObject({ media: "x".repeat(32), rtp: { host: "192.168.50.10", port: 40_000 } });
});
