/** The places of a message where an address of the inside endpoint can stand. */
export type Place =
  | "request-uri"
  | "via"
  | "contact"
  | "record-route"
  | "route"
  | "path"
  | "service-route"
  | "refer-to"
  | "referred-by";
