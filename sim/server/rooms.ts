import { roles, type Role } from "../protocol/signalling.ts";
import type { Clock } from "../util/clock.ts";
import type { RemovalReason } from "./connection.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import type { Census } from "./metrics.ts";
import type { ServerSettings } from "./options.ts";
import type { ResumeTokens } from "./resume-tokens.ts";
import type { RoomDirectory } from "./room-directory.ts";
import { Room } from "./room.ts";
import type { WorkerPool } from "./worker-pool.ts";

type RoomsOptions = {
  pool: WorkerPool;
  settings: ServerSettings;
  directory: RoomDirectory;
  resumeTokens: ResumeTokens;
  clock: Clock;
  events: ServerEvents;
};

/** All rooms that somebody is in. A room that nobody has defined comes into being with its first join. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #opening = new Map<string, Promise<Room>>();
  readonly #live = new Map<string, Room>();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Those that somebody is in. */
  get live(): Room[] {
    return [...this.#live.values()];
  }

  /** The room of this id if somebody is in it. */
  find(id: string): Room | undefined {
    return this.#live.get(id);
  }

  /** The room of this id, held: the caller releases it. Throws RequestError `room-ended`. */
  async acquire(id: string): Promise<Room> {
    const room = this.#live.get(id) ?? (await (this.#opening.get(id) ?? this.#start(id)));
    // It may have ended between its making and now.
    if (room.ended) return this.acquire(id);
    room.hold();
    return room;
  }

  endAll(reason: RemovalReason): void {
    for (const room of this.live) room.end(reason);
  }

  census(): Census {
    const participants: Record<Role, number> = { host: 0, moderator: 0, speaker: 0, listener: 0 };
    let transports = 0;
    let producers = 0;
    let consumers = 0;
    for (const room of this.#live.values()) {
      producers += room.media.streams.size;
      for (const participant of room.participants.values()) {
        participants[participant.role]++;
        transports += participant.transportCount;
        consumers += participant.subscription?.size ?? 0;
      }
    }
    return { rooms: this.#live.size, participants, transports, producers, consumers };
  }

  get participantCount(): number {
    const { participants } = this.census();
    return roles.reduce((sum, role) => sum + participants[role], 0);
  }

  #start(id: string): Promise<Room> {
    const opening = this.#create(id);
    this.#opening.set(id, opening);
    const forget = (): void => {
      this.#opening.delete(id);
    };
    opening.then(forget, forget);
    return opening;
  }

  async #create(id: string): Promise<Room> {
    const { directory, ...options } = this.#options;
    const record = await directory.getRoom(id);
    if (record?.state === "ended") throw new RequestError("room-ended", "the room has ended");
    const room = await Room.create({
      ...options,
      id,
      record,
      onEnded: (ended) => {
        this.#live.delete(id);
        if (record === undefined) void this.#forget(ended);
      },
    });
    this.#live.set(id, room);
    return room;
  }

  /** What was decided in a room that nobody has defined ends with it. */
  async #forget({ id, banned, invited }: Room): Promise<void> {
    const { directory, events } = this.#options;
    try {
      for (const participantId of banned) await directory.removeBan(id, participantId);
      for (const participantId of invited) await directory.removeInvitation(id, participantId);
    } catch (error) {
      events.serverFault("forgetting a room", error);
    }
  }
}
