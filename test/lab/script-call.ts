import { type CallEnds, openCallEnds } from "./call-ends.ts";
import type { Lab } from "./namespaces.ts";
import { untilHeard } from "./repeated-media.ts";
import type { ScriptEnd, ScriptMachine } from "./script-end.ts";
import { mediaAddress, request, response, sessionDescription, startLine } from "./script-message.ts";

const ALICE = "<sip:alice@example.com>;tag=a";
/** Milliseconds until a request is sent again (RFC 3261 §17.1.1.1). */
const T1 = 500;
const BOB = "<sip:bob@example.com>";

/** What the phone reads of the provider's answers, and what the test says of them. */
export interface ProviderSays {
  readonly fields?: readonly string[];
  readonly sdp?: string;
}

/** ScriptCall is a call of the lab's phone to its provider, of which the test says every message. */
export class ScriptCall {
  readonly phone: ScriptEnd;
  readonly phoneMedia: ScriptEnd;
  readonly provider: ScriptEnd;
  readonly providerMedia: ScriptEnd;
  /** The two machines, for more ends on them. */
  readonly inside: ScriptMachine;
  readonly outside: ScriptMachine;
  readonly #callId: string;
  #cseq = 0;
  #invite = "";
  #source = "";

  /** Opens the ends of a call. */
  static async open(lab: Lab, callId: string, family: "ipv4" | "ipv6" = "ipv4"): Promise<ScriptCall> {
    return new ScriptCall(await openCallEnds(lab, family), callId);
  }

  private constructor(ends: CallEnds, callId: string) {
    this.phone = ends.phone;
    this.phoneMedia = ends.phoneMedia;
    this.provider = ends.provider;
    this.providerMedia = ends.providerMedia;
    this.inside = ends.inside;
    this.outside = ends.outside;
    this.#callId = callId;
  }

  /** Another call of the same ends, or with ends of its own. */
  another(
    callId: string,
    own: Partial<Pick<ScriptCall, "phone" | "phoneMedia" | "providerMedia">> = {},
  ): ScriptCall {
    const { phone, phoneMedia, provider, providerMedia, inside, outside } = this;
    return new ScriptCall({ phone, phoneMedia, provider, providerMedia, inside, outside, ...own }, callId);
  }

  /** "host:port" where the provider is to send media, as the INVITE it read said. */
  get advertised(): string {
    return mediaAddress(this.#invite);
  }

  /** The phone's INVITE with its media; resolves when the provider has it. */
  async invite(): Promise<void> {
    this.#cseq = 1;
    await this.#offer();
  }

  /** A response of the provider to the INVITE; resolves when the phone has it. */
  async answer(status: string, { fields = [], sdp = "" }: ProviderSays = {}): Promise<void> {
    this.provider.send(this.#source, response(this.#invite, status, { toTag: "b", fields, sdp }));
    await this.#phoneReads(`SIP/2.0 ${status}`);
  }

  /** INVITE, 200 with the provider's media, ACK. */
  async establish(fields: readonly string[] = []): Promise<void> {
    await this.invite();
    await this.answer("200 OK", { sdp: sessionDescription(this.providerMedia.address), fields });
    await this.phoneSays("ACK");
  }

  /** A re-INVITE of the phone with the same media, its 200 and ACK. */
  async reinvite(): Promise<void> {
    this.#cseq++;
    await this.#offer();
    const sdp = sessionDescription(this.providerMedia.address);
    this.provider.send(this.#source, response(this.#invite, "200 OK", { sdp }));
    await this.#phoneReads("SIP/2.0 200");
    await this.phoneSays("ACK");
  }

  /**
   * A request of the phone within the call: ACK and CANCEL have the INVITE's number, others the next.
   *
   * @returns the request as the provider read it, and where it came from
   */
  async phoneSays(method: string): Promise<{ readonly text: string; readonly source: string }> {
    if (method !== "ACK" && method !== "CANCEL") this.#cseq++;
    this.phone.send(this.provider.address, this.#request(method, ""));
    const arrival = await this.provider.next();
    if (!arrival.text.startsWith(`${method} `))
      throw new Error(`The provider got "${startLine(arrival.text)}" where ${method} was sent.`);
    return arrival;
  }

  /** The provider's 200 to a request it read; resolves when the phone has it. */
  async accept({ text, source }: { readonly text: string; readonly source: string }): Promise<void> {
    this.provider.send(source, response(text, "200 OK"));
    await this.#phoneReads("SIP/2.0 200 OK");
  }

  /**
   * A request of the provider within the call, to the external port the phone's SIP comes from, repeated each 500 ms
   * (RFC 3261 §17.1.2) until the phone has it.
   */
  async providerSays(method: string): Promise<void> {
    const uri = `sip:alice@${this.#source}`;
    const from = `${BOB};tag=b`;
    const parts = { uri, by: this.provider.address, from, to: ALICE, callId: this.#callId, cseq: 1 };
    const send = () => this.provider.send(this.#source, request(method, parts));
    const repeat = setInterval(send, T1);
    send();
    try {
      await this.#phoneReads(`${method} `);
    } finally {
      clearInterval(repeat);
    }
  }

  /** The phone speaks until the provider hears it from the port that the INVITE named; see untilHeard. */
  phoneSpeaks(): Promise<void> {
    const { phoneMedia, providerMedia, advertised } = this;
    return untilHeard(phoneMedia, providerMedia.address, providerMedia, advertised);
  }

  /** The provider speaks until the phone hears it from where the answer said; see untilHeard. */
  providerSpeaks(): Promise<void> {
    const { phoneMedia, providerMedia, advertised } = this;
    return untilHeard(providerMedia, advertised, phoneMedia, providerMedia.address);
  }

  async #offer(): Promise<void> {
    this.phone.send(
      this.provider.address,
      this.#request("INVITE", sessionDescription(this.phoneMedia.address)),
    );
    const { text, source } = await this.provider.next();
    this.#invite = text;
    this.#source = source;
  }

  #request(method: string, sdp: string): string {
    // CANCEL is of the INVITE's transaction, and has its To (RFC 3261 §9.1).
    const to = this.#cseq === 1 && method !== "ACK" ? BOB : `${BOB};tag=b`;
    const text = request(method, {
      uri: `sip:bob@${this.provider.address}`,
      by: this.phone.address,
      from: ALICE,
      to,
      callId: this.#callId,
      cseq: this.#cseq,
      fields: [`Contact: <sip:alice@${this.phone.address}>`],
      sdp,
    });
    return method === "CANCEL" ? text.replace(/(branch=\S*)-CANCEL-/, "$1-INVITE-") : text;
  }

  async #phoneReads(start: string): Promise<void> {
    const { text } = await this.phone.next();
    if (!text.startsWith(start))
      throw new Error(`The phone got "${startLine(text)}" where "${start}" was sent.`);
  }
}
