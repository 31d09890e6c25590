import { beforeEach, describe, expect, it } from "vitest";
import { noteRequest, progressCall, startsCall } from "../../src/gateway/call-progress.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scan } from "../../src/sip/scan.ts";
import type { Call } from "../../src/table/call.ts";
import type { Stream } from "../../src/table/streams.ts";
import type { MediaTarget } from "../../src/table/target.ts";
import { target } from "../table/arming-recorder.ts";
import { type CallsAtWork, makeCalls } from "../table/make-calls.ts";

const PHONE = "192.168.50.10";
const PEER = "203.0.113.2";

function scanned(startLine: string, branch: string, toTag: string, cseq: string, fields: string): SipMessage {
  const to = toTag === "" ? "" : `;tag=${toTag}`;
  const result = scan(
    [
      startLine,
      `Via: SIP/2.0/UDP ${PHONE};branch=z9hG4bK${branch}`,
      "From: <sip:alice@example.com>;tag=a",
      `To: <sip:bob@example.com>${to}`,
      "Call-ID: a84b4c76e66710",
      `CSeq: ${cseq}`,
      ...(fields === "" ? [] : [fields]),
      "",
      "",
    ].join("\r\n"),
  );
  if (result.kind !== "message") throw new Error(JSON.stringify(result));
  return result.message;
}

describe("a call is moved on by its messages", () => {
  let table: CallsAtWork;
  let call: Call;
  let now: number;

  /** A request of the phone, with a new offer of its media at `port` if there is one. */
  function asks(method: string, branch: string, toTag = "", port?: number): void {
    const message = scanned(`${method} sip:bob@example.com SIP/2.0`, branch, toTag, `1 ${method}`, "");
    if (startsCall(message)) table.calls.revive(call, now);
    noteRequest(call, message);
    if (port !== undefined) {
      table.calls.insideSaid(call, "a", [stream(target(PHONE, port))], []);
      table.calls.settle(call, now);
    }
    progressCall(table.calls, call, message, "outbound", now);
  }

  /** The provider's response to such a request, with an answer if `media` is given. */
  function answers(
    status: number,
    method: string,
    branch: string,
    toTag: string,
    media?: MediaTarget,
    fields = "",
  ): void {
    if (media !== undefined) {
      table.calls.remoteSaid(call, toTag, [media]);
      table.calls.settle(call, now);
    }
    const message = scanned(`SIP/2.0 ${status} Whatever`, branch, toTag, `1 ${method}`, fields);
    progressCall(table.calls, call, message, "inbound", now);
  }

  function stream(line: MediaTarget): Stream {
    const made = table.calls.stream(call, line, PEER);
    if (typeof made === "string") throw new Error(made);
    return made;
  }

  /** INVITE, 200, ACK. */
  function established(): void {
    asks("INVITE", "1", "", 4000);
    answers(200, "INVITE", "1", "b", target("203.0.113.3", 20_000));
    asks("ACK", "ack", "b");
  }

  /** External ports of the inside's present lines. */
  const ports = (): (number | undefined)[] =>
    [...call.lines.values()].flat().map((line) => line?.target.rtp.port);

  beforeEach(() => {
    table = makeCalls();
    now = 0;
    call = table.calls.life.of(table.bindingOf(PHONE), "a84b4c76e66710", 0);
  });

  it("a 2xx answers it, a BYE and its 200 end it", () => {
    established();
    expect(call.phase).toBe("answered");
    asks("BYE", "bye", "b");
    expect(call.phase).toBe("answered");
    expect(table.calls.slots.used).toBe(0);
    answers(200, "BYE", "bye", "b");
    expect(table.told).toEqual(["bye"]);
  });

  it("a BYE for a dialog that it does not have leaves its media alone", () => {
    established();
    const armed = table.calls.slots.used;
    asks("BYE", "bye", "somebody");
    answers(481, "BYE", "bye", "somebody");
    expect(table.calls.slots.used).toBe(armed);
    expect(call.phase).toBe("answered");
  });

  it("a BYE that is challenged is no end", () => {
    established();
    asks("BYE", "bye", "b");
    answers(407, "BYE", "bye", "b");
    expect(call.phase).toBe("answered");
    expect(call.byeAt).toBeUndefined();
  });

  it("486 of one of two INVITEs to the same PBX leaves the other", () => {
    asks("INVITE", "1", "", 4000);
    asks("INVITE", "2", "", 4000);
    answers(486, "INVITE", "1", "b");
    expect(call.phase).toBe("early");
    answers(200, "INVITE", "2", "c", target("203.0.113.3", 20_000));
    expect(call.phase).toBe("answered");
    expect(table.told).toEqual([]);
  });

  it("it ends when every INVITE was refused", () => {
    asks("INVITE", "1", "", 4000);
    asks("INVITE", "2", "", 4000);
    answers(486, "INVITE", "1", "b");
    answers(603, "INVITE", "2", "c");
    expect(table.told).toEqual(["refused"]);
  });

  it("407 is followed by another INVITE, whose refusal ends it", () => {
    asks("INVITE", "1", "", 4000);
    answers(407, "INVITE", "1", "b");
    expect(call.phase).toBe("early");
    asks("INVITE", "2", "", 4000);
    answers(404, "INVITE", "2", "c");
    expect(table.told).toEqual(["refused"]);
  });

  it("CANCEL and 487 end it, and an INVITE after that begins it again on the same ports", () => {
    asks("INVITE", "1", "", 4000);
    const [before] = call.streams.values();
    asks("CANCEL", "1");
    answers(200, "CANCEL", "1", "b");
    expect(call.phase).toBe("early");
    answers(487, "INVITE", "1", "b");
    expect(table.told).toEqual(["refused"]);
    asks("INVITE", "2", "", 4000);
    expect(call.phase).toBe("early");
    expect([...call.streams.values()]).toEqual([before]);
    expect(table.calls.slots.used).toBe(2);
  });

  it("a CANCEL without its 487 ends it after 64 * T1", () => {
    asks("INVITE", "1", "", 4000);
    now = 1000;
    asks("CANCEL", "1");
    table.wheel.advance(32_500);
    expect(table.told).toEqual([]);
    table.wheel.advance(33_500);
    expect(table.told).toEqual(["cancelled"]);
  });

  it.for([
    { method: "INVITE", status: 488 },
    { method: "UPDATE", status: 488 },
    { method: "INVITE", status: 491 },
  ])("$status to a $method within the dialog brings back the session before it", ({ method, status }) => {
    established();
    asks(method, "2", "b", 5000);
    expect(ports()).toEqual([5000]);
    answers(status, method, "2", "b");
    expect(ports()).toEqual([4000]);
    expect([...call.remotes.keys()]).toEqual(["b"]);
    expect(call.phase).toBe("answered");
  });

  it("488 to an UPDATE before the answer brings back the session before it", () => {
    asks("INVITE", "1", "", 4000);
    answers(183, "INVITE", "1", "b", target("203.0.113.3", 20_000));
    asks("UPDATE", "2", "b", 5000);
    answers(488, "UPDATE", "2", "b");
    expect(ports()).toEqual([4000]);
    expect(call.phase).toBe("early");
  });

  it("486 of one fork brings nothing back of before it", () => {
    asks("INVITE", "1", "", 4000);
    asks("INVITE", "2", "", 4000);
    answers(183, "INVITE", "2", "c", target("203.0.113.3", 20_000));
    answers(486, "INVITE", "1", "b");
    expect([...call.remotes.keys()]).toEqual(["c"]);
  });

  it("re-INVITEs that cross and are both refused with 491 leave the session as it was", () => {
    established();
    asks("INVITE", "2", "b", 5000);
    asks("INVITE", "3", "b", 6000);
    answers(491, "INVITE", "2", "b");
    answers(491, "INVITE", "3", "b");
    expect(ports()).toEqual([4000]);
  });

  it("481 to a re-INVITE ends the dialog", () => {
    established();
    asks("INVITE", "2", "b");
    answers(481, "INVITE", "2", "b");
    expect(table.told).toEqual(["dialog-gone"]);
  });

  it("a refresh moves the end of its session, and is written behind", () => {
    asks("INVITE", "1", "", 4000);
    answers(200, "INVITE", "1", "b", target("203.0.113.3", 20_000), "Session-Expires: 90");
    asks("ACK", "ack", "b");
    expect(table.calls.life.endingOf(call)).toEqual({ at: 90_000, why: "session-expired" });
    table.written.length = 0;
    now = 45_000;
    asks("UPDATE", "2", "b");
    answers(200, "UPDATE", "2", "b", undefined, "Session-Expires: 90");
    expect(table.calls.life.endingOf(call)).toEqual({ at: 135_000, why: "session-expired" });
    expect(table.written).toEqual([call.callId]);
  });

  it("what a refused re-INVITE leaves is written behind", () => {
    established();
    asks("INVITE", "2", "b", 5000);
    table.written.length = 0;
    answers(488, "INVITE", "2", "b");
    expect(table.written).toEqual([call.callId]);
  });
});
