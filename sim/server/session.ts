import type { Clock, WallClock } from "../util/clock.ts";
import type { ModerationAct } from "./audit-log.ts";
import type { Connection } from "./connection.ts";
import type { Door } from "./door.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import { Line } from "./line.ts";
import type { Guest, Lobby } from "./lobby.ts";
import type { ServerSettings } from "./options.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Place, ResumeTokens } from "./resume-tokens.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Rooms } from "./rooms.ts";

/** What the handlers of requests work with. */
export type Services = {
  readonly settings: ServerSettings;
  readonly rooms: Rooms;
  readonly directory: RoomDirectory;
  readonly resumeTokens: ResumeTokens;
  readonly door: Door;
  readonly limits: RateLimits;
  readonly events: ServerEvents;
  readonly clock: Clock;
  readonly wallClock: WallClock;
  /** To be called for each act of moderation; never throws. */
  acted(act: ModerationAct): void;
};

type Waiting = { readonly lobby: Lobby; readonly guest: Guest };

/**
 * One connection's way: it joins or resumes in time or is closed, perhaps waits in the
 * lobby, and when it goes leaves its room, at once or after the grace period.
 */
export class Session {
  readonly services: Services;
  readonly connection: Connection;
  /** Where the client is; for limits only. */
  readonly address: string;
  #place: Place | undefined;
  #waiting: Waiting | undefined;
  #line: Line;
  #joinTimer: NodeJS.Timeout | undefined;

  constructor(services: Services, connection: Connection, address: string) {
    this.services = services;
    this.connection = connection;
    this.address = address;
    this.#line = new Line(connection, services.settings.maxBufferedBytes);
    this.awaitJoin();
  }

  /** The way to who comes by this connection; it outlasts the connection. */
  get line(): Line {
    return this.#line;
  }

  /** Neither in a room nor in a lobby. */
  get idle(): boolean {
    return this.#place === undefined && this.#waiting === undefined;
  }

  /** In a room, and not put out since. */
  get joined(): boolean {
    return this.#place?.room.has(this.#place.participant) === true;
  }

  /** Throws RequestError `not-joined`. */
  get place(): Place {
    if (this.#place !== undefined && this.joined) return this.#place;
    throw new RequestError("not-joined", this.#waiting === undefined ? "join first" : "wait for the host");
  }

  /** Throws RequestError `too-many-requests` when messages come too often. */
  requireAllowance(): void {
    const { limits } = this.services;
    limits.requireByAddress("message", this.address);
    if (this.#place !== undefined) limits.requireByAccount("message", this.#place.participant.id);
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

  wait(waiting: Waiting): void {
    this.#waiting = waiting;
  }

  enter(place: Place): void {
    this.#waiting = undefined;
    this.#place = place;
    this.#line = place.participant.connection;
  }

  /** Out of the room or the lobby, if it is in one. */
  leave(reason: "left" | "disconnected"): void {
    this.#waiting?.lobby.drop(this.#waiting.guest);
    this.#waiting = undefined;
    this.#place?.room.remove(this.#place.participant, reason);
    this.#place = undefined;
  }

  onClosed(): void {
    this.stopAwaitingJoin();
    const place = this.#place;
    if (place === undefined || !this.joined || !place.participant.resumable) {
      this.leave("disconnected");
    } else if (place.participant.connection.disconnect(this.connection)) {
      place.room.setAway(place.participant);
    }
  }
}
