import type { Place } from "../sip/place.ts";

const BITS: Readonly<Record<Place, number>> = {
  "request-uri": 1,
  via: 2,
  contact: 4,
  "record-route": 8,
  route: 16,
  path: 32,
  "service-route": 64,
  "refer-to": 128,
  "referred-by": 256,
};

/** Places is a set of the places of a message, in one number: every binding has one. */
export class Places {
  #bits = 0;

  add(place: Place): void {
    this.#bits |= BITS[place];
  }

  has(place: Place): boolean {
    return (this.#bits & BITS[place]) !== 0;
  }

  *[Symbol.iterator](): Generator<Place> {
    for (const place of Object.keys(BITS) as Place[]) if (this.has(place)) yield place;
  }
}
