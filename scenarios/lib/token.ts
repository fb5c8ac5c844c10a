/** Tokens of a room server (JSON Web Tokens, HS256), made in k6. */
import { hmac } from "k6/crypto";
import encoding from "k6/encoding";
import type { Role } from "../../sim/protocol/signalling.ts";

/** A server and a script on one machine find the same development secret; undefined: there is none. */
function developmentSecret(): string | undefined {
  try {
    return open(import.meta.resolve("../../.cache/token-secret")).trim();
  } catch {
    return undefined;
  }
}

const secret = __ENV["SOUNDCHECK_TOKEN_SECRET"] || developmentSecret();
const lifetimeSeconds = 3600;

/** Whether there is a secret to sign with. */
export const canSign = secret !== undefined;

/** A token for an hour, as sim/protocol/token.ts signs it. */
export function tokenFor(who: { sub: string; room: string; role: Role }): string {
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = {
    room: who.room,
    role: who.role,
    name: who.sub,
    sub: who.sub,
    iss: "soundcheck",
    aud: "soundcheck-room",
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
  };
  const signed = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => encoding.b64encode(JSON.stringify(part), "rawurl"))
    .join(".");
  const key = encoding.b64decode(secret ?? "", "rawurl");
  return `${signed}.${hmac("sha256", key, signed, "base64rawurl")}`;
}
