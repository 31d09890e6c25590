import { expect, test } from "vitest";
import { playIsolated, WELL } from "../native/isolated.ts";

test.each([
  ["5,000 requests get 5,000 ACKs, however small the receive buffer", "manyRequests"],
  ["each errno stands where its request does, and answers keep their order", "mixedAnswers"],
  ["an answer that does not fit is ENOBUFS and does not disturb the next request", "smallReplies"],
  ["a lost ACK is ETIMEDOUT and not a hang", "lostAcks"],
  ["bytes that are not whole messages are refused before any is sent", "notMessages"],
  ["a dump gives every entry once, and the socket is busy until its end", "dumps"],
  ["a dump the kernel refuses throws its errno", "refusedDump"],
  ["a dump whose table changes meanwhile says so at its end", "interruptedDump"],
])("%s", async (_title, scenario) => {
  expect(await playIsolated("netlink-scenarios", scenario)).toEqual(WELL);
});
