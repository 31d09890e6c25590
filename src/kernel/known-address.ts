import { type Address, addressOf } from "../packet/address.ts";

/**
 * So few that they stay in the processor's cache, and that it does not matter if each was cut out of a message, which it
 * then keeps; the requests of one call name the same three hosts over and over.
 */
const SLOTS = 64;

const hosts: string[] = new Array(SLOTS).fill("");
const addresses: Address[] = new Array(SLOTS).fill("");

/**
 * The address of a canonical host, as `addressOf` reads it. What was read lately is remembered: to find it takes a third
 * of the time that reading it again would.
 */
export function knownAddress(host: string): Address {
  const last = host.length - 1;
  // Hosts of one network differ in their last digits.
  const slot = (7 * host.charCodeAt(last) + 31 * host.charCodeAt(last - 1) + last) % SLOTS;
  const known = addresses[slot];
  if (hosts[slot] === host && known !== undefined) return known;
  const address = addressOf(host);
  // NaN for the empty text, which is no address.
  if (last > 0) {
    hosts[slot] = host;
    addresses[slot] = address;
  }
  return address;
}
