import { SignJWT } from "jose";
import { tokenAudience, tokenIssuer, type Role } from "./signalling.ts";

/** Whom a token admits, to which room, with which role. */
export type TokenSubject = {
  /** Who it is; becomes the participant's id. */
  sub: string;
  room: string;
  role: Role;
  name: string;
};

/** The shortest secret that HS256 may be used with, in bytes (RFC 7518 section 3.2). */
export const minTokenSecretBytes = 32;

/** Signs a token (JWT, HS256) that the room server with the same secret admits for `ttlSeconds` from now. */
export function mintToken(secret: Uint8Array, subject: TokenSubject, ttlSeconds: number): Promise<string> {
  return new SignJWT({ room: subject.room, role: subject.role, name: subject.name })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject.sub)
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setIssuedAt()
    .setExpirationTime(`${ttlSeconds} seconds`)
    .sign(secret);
}
