import type { webcrypto } from "node:crypto";
import { errors, jwtVerify } from "jose";
import { tokenAudience, tokenClaimsSchema, tokenIssuer, type TokenClaims } from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";

/** Checks tokens that were signed with one secret. */
export class TokenVerifier {
  readonly #key: webcrypto.CryptoKey;

  private constructor(key: webcrypto.CryptoKey) {
    this.#key = key;
  }

  static async create(secret: Uint8Array): Promise<TokenVerifier> {
    // Imported once: doing so at each join would cost more than the check itself.
    const key = await crypto.subtle.importKey(
      "raw",
      Uint8Array.from(secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
    return new TokenVerifier(key);
  }

  /** The token's claims; throws RequestError `bad-token` for a token that is not ours, too old or incomplete. */
  async verify(token: string): Promise<TokenClaims> {
    let payload: unknown;
    try {
      ({ payload } = await jwtVerify(token, this.#key, {
        algorithms: ["HS256"],
        issuer: tokenIssuer,
        audience: tokenAudience,
        requiredClaims: ["exp", "sub"],
      }));
    } catch (cause) {
      if (cause instanceof errors.JWTExpired)
        throw new RequestError("bad-token", "the token has expired", { cause });
      if (cause instanceof errors.JOSEError) {
        throw new RequestError("bad-token", `the token is not valid: ${cause.message}`, { cause });
      }
      throw cause;
    }
    const claims = tokenClaimsSchema.safeParse(payload);
    if (!claims.success) {
      const fields = claims.error.issues.map((issue) => issue.path.join(".")).join(", ");
      throw new RequestError("bad-token", `the token's claims do not fit: ${fields}`);
    }
    return claims.data;
  }
}
