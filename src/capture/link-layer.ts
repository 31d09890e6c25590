import { ipInEthernet } from "./ethernet.ts";
import { ipInSll, ipInSll2 } from "./linux-sll.ts";

/** Finds the IP packet of a frame: its offset, or undefined when the frame carries something else. */
export type IpInFrame = (frame: Buffer) => number | undefined;

const raw: IpInFrame = () => 0;

/** The link layers that are read, by their LINKTYPE_* number; 12 and 14 are what some BSDs call raw IP. */
const LINK_LAYERS: ReadonlyMap<number, IpInFrame> = new Map([
  [1, ipInEthernet],
  [12, raw],
  [14, raw],
  [101, raw],
  [113, ipInSll],
  [228, raw],
  [229, raw],
  [276, ipInSll2],
]);

/** The reader of a link type; undefined when it is not one that is read. */
export function linkLayer(linkType: number): IpInFrame | undefined {
  return LINK_LAYERS.get(linkType);
}

/** What to do about a link type that is not read. */
export const LINK_REMEDY = "capture Ethernet, `-i any` or raw IP";
