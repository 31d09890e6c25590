import { schema } from "../../../src/config/schema.ts";
import type { Comparison } from "./figures.ts";
import { markdownTable } from "./fill-block.ts";

/** What a phone of an office sends and is sent: a refresh a minute, an OPTIONS a minute, three calls an hour. */
const PER_PHONE = 2 / 60 + 2 / 60 + (3 * 6) / 3600;
/** Of the maximum, so much is planned with. */
const PLANNED = 0.5;
/** Packets of a whole call: INVITE, 180, 200, ACK, BYE, 200. */
const PER_CALL = 6;
/** Seconds from the SDP of a call to its first packets of media, in which it holds slots: RTP and RTCP. */
const RINGING = 10;
const PER_RINGING_CALL = 2;
/** Seconds that a call lasts. */
const CALL = 180;

/** What one gateway carries, counted from the packets a second of the office's mix and what the defaults leave room for. */
export function capacityTable({ rows }: Comparison): string {
  const ours = rows.find(({ work, helper }) => work === "office" && helper === "sipexpectd");
  if (ours === undefined) throw new Error("The comparison has no row of sipexpectd with the office mix.");
  const { ports, table } = schema.parse({});
  const planned = ours.pps * PLANNED;
  const slots = table.expect_max - Math.ceil(table.expect_max / 16);
  const signalling = ports.signalling.last - ports.signalling.first + 1;
  const media = Math.floor((ports.media.last - ports.media.first + 1) / 2);
  const perSecond = (value: number): string => `${format(value)} calls/s`;
  return markdownTable(
    ["what", "by packets a second", "by the defaults' ports and slots"],
    [
      ["phones", format(planned / PER_PHONE), format(signalling)],
      ["calls begun", perSecond(planned / PER_CALL), perSecond(slots / PER_RINGING_CALL / RINGING)],
      ["calls at once", format((planned / PER_CALL) * CALL), format(media)],
    ],
  );
}

function format(value: number): string {
  return new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 }).format(value);
}
