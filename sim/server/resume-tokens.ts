import { randomBytes } from "node:crypto";
import type { Participant } from "./participant.ts";
import type { Room } from "./room.ts";

const tokenBytes = 32;

/** Where a connection has joined. */
export type Place = { readonly room: Room; readonly participant: Participant };

/** Which place each token takes up again: good once, and as long as the participant is in the room. */
export class ResumeTokens {
  readonly #places = new Map<string, Place>();

  get size(): number {
    return this.#places.size;
  }

  /** A fresh token; the participant's earlier one is void. */
  issue(place: Place): string {
    this.revoke(place.participant);
    const token = randomBytes(tokenBytes).toString("base64url");
    place.participant.resumeToken = token;
    this.#places.set(token, place);
    return token;
  }

  /** Undefined for a token that is unknown, used or void. */
  take(token: string): Place | undefined {
    const place = this.#places.get(token);
    if (place !== undefined) this.revoke(place.participant);
    return place;
  }

  revoke(participant: Participant): void {
    if (participant.resumeToken === undefined) return;
    this.#places.delete(participant.resumeToken);
    participant.resumeToken = undefined;
  }
}
