import { createHash, randomBytes } from "node:crypto";

const REALM = "lab";

/** The password of a user of the lab. */
export function passwordOf(user: string): string {
  return `secret-of-${user}`;
}

/** The WWW-Authenticate or Proxy-Authenticate value of a fresh challenge (RFC 7616 §3.3, MD5 and qop=auth as most registrars still do). */
export function challenge(): string {
  return `Digest realm="${REALM}", nonce="${randomBytes(12).toString("hex")}", algorithm=MD5, qop="auth"`;
}

/** The (Proxy-)Authorization value with which `user` answers a challenge (RFC 7616 §3.4). */
export function answerChallenge(
  challenged: string,
  { user, password, method, uri }: { user: string; password: string; method: string; uri: string },
): string {
  const { realm = "", nonce = "" } = parameters(challenged);
  const cnonce = randomBytes(8).toString("hex");
  const nc = "00000001";
  const response = digest({ user, password, realm, nonce, nc, cnonce, method, uri });
  return (
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", ` +
    `algorithm=MD5, cnonce="${cnonce}", qop=auth, nc=${nc}`
  );
}

/** True when an Authorization value proves the password for this very method and Request-URI. */
export function isAuthorized(
  authorization: string,
  { user, password, method, uri }: { user: string; password: string; method: string; uri: string },
): boolean {
  const {
    username,
    realm = "",
    nonce = "",
    uri: digestUri,
    nc = "",
    cnonce = "",
    response,
  } = parameters(authorization);
  if (username !== user || digestUri !== uri) return false;
  return response === digest({ user, password, realm, nonce, nc, cnonce, method, uri });
}

function digest(
  of: Record<"user" | "password" | "realm" | "nonce" | "nc" | "cnonce" | "method" | "uri", string>,
) {
  const a1 = md5(`${of.user}:${of.realm}:${of.password}`);
  const a2 = md5(`${of.method}:${of.uri}`);
  return md5(`${a1}:${of.nonce}:${of.nc}:${of.cnonce}:auth:${a2}`);
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

function parameters(value: string): Partial<Record<string, string>> {
  const found = value.matchAll(/([a-z]+)=(?:"([^"]*)"|([^,\s]*))/gi);
  return Object.fromEntries(
    [...found].map(([, name = "", quoted, bare]) => [name.toLowerCase(), quoted ?? bare]),
  );
}
