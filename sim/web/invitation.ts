import { tokenClaimsSchema, type Role } from "../protocol/signalling.ts";
import { fromBase64Url } from "./base64url.ts";

/** What somebody comes with: a token, and what it says of itself. The server alone checks it. */
export type Invitation = {
  readonly token: string;
  readonly participantId: string;
  readonly room: string;
  readonly name: string;
  readonly role: Role;
  /** Seconds since 1970. */
  readonly expiresAt: number;
};

/** Takes a token, or a link with `#token=` in it; null for anything else. */
export function parseInvitation(text: string): Invitation | null {
  const token = /#(?:.*&)?token=([^&\s]+)/.exec(text)?.[1] ?? text.trim();
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token)?.[1];
  if (payload === undefined) return null;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(fromBase64Url(payload)));
    const claims = tokenClaimsSchema.safeParse(json);
    if (!claims.success) return null;
    const { sub, room, name, role, exp } = claims.data;
    return { token, participantId: sub, room, name, role, expiresAt: exp };
  } catch {
    return null;
  }
}
