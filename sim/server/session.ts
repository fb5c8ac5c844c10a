import type { Connection } from "./connection.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import type { ServerSettings } from "./options.ts";
import type { Participant } from "./participant.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { TokenVerifier } from "./token.ts";

/** What the handlers of requests work with. */
export type Services = {
  readonly settings: ServerSettings;
  readonly rooms: Rooms;
  readonly tokens: TokenVerifier;
  readonly events: ServerEvents;
};

/** Where a connection has joined. */
export type Place = { readonly room: Room; readonly participant: Participant };

/** One connection's way: it joins in time or is closed, and leaves its room when it goes. */
export class Session {
  readonly services: Services;
  readonly connection: Connection;
  #place: Place | undefined;
  #joinTimer: NodeJS.Timeout | undefined;

  constructor(services: Services, connection: Connection) {
    this.services = services;
    this.connection = connection;
    this.awaitJoin();
  }

  get joined(): boolean {
    return this.#place !== undefined;
  }

  /** Throws RequestError `not-joined`. */
  get place(): Place {
    if (this.#place === undefined) throw new RequestError("not-joined", "join first");
    return this.#place;
  }

  /** The time to join runs, anew. */
  awaitJoin(): void {
    this.#joinTimer = setTimeout(() => {
      this.connection.close(1008, "no join in time");
    }, this.services.settings.joinTimeoutMs);
  }

  stopAwaitingJoin(): void {
    clearTimeout(this.#joinTimer);
  }

  enter(place: Place): void {
    this.#place = place;
  }

  /** Out of the room, if it is in one. */
  leave(reason: "left" | "disconnected"): void {
    this.#place?.room.remove(this.#place.participant, reason);
    this.#place = undefined;
  }

  onClosed(): void {
    this.stopAwaitingJoin();
    this.leave("disconnected");
  }
}
