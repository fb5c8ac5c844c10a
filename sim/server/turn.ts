import { createHmac } from "node:crypto";
import type { IceServer } from "../protocol/signalling.ts";

export type TurnSettings = {
  readonly urls: readonly string[];
  /** Shared with the TURN server. */
  readonly secret: string;
  readonly lifetimeSeconds: number;
};

/** The TURN server for a participant, with credentials from now on; nothing where there is none. */
export function iceServersFor(
  settings: TurnSettings | null,
  participantId: string,
  nowUnixMs: number,
): { iceServers?: IceServer[] } {
  if (settings === null) return {};
  return { iceServers: [turnServer(settings, participantId, nowUnixMs / 1000)] };
}

/**
 * Credentials for a TURN server that are good for a while, by the TURN REST scheme
 * (draft-uberti-behave-turn-rest-00, section 2.2; coturn's `use-auth-secret`):
 * username `<expiry>:<participant>`, password base64(HMAC-SHA1(secret, username)).
 */
export function turnServer(settings: TurnSettings, participantId: string, nowUnixSeconds: number): IceServer {
  const { urls, secret, lifetimeSeconds } = settings;
  const username = `${Math.floor(nowUnixSeconds) + lifetimeSeconds}:${participantId}`;
  return {
    urls: [...urls],
    username,
    credential: createHmac("sha1", secret).update(username).digest("base64"),
  };
}
