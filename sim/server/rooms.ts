import { roles, type Role } from "../protocol/signalling.ts";
import type { RemovalReason } from "./connection.ts";
import type { ServerEvents } from "./events.ts";
import type { Census } from "./metrics.ts";
import { Room } from "./room.ts";
import type { MediaWorker, WorkerPool } from "./worker-pool.ts";

type RoomsOptions = {
  pool: WorkerPool;
  maxParticipantsPerRoom: number;
  events: ServerEvents;
};

/** All rooms of the server. A room comes into being with its first join. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #opening = new Map<string, Promise<Room>>();
  readonly #open = new Set<Room>();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The room of this id, held: the caller releases it. */
  async acquire(id: string): Promise<Room> {
    const opening = this.#opening.get(id) ?? this.#start(id);
    const room = await opening;
    // It may have ended between its making and now.
    if (room.ended) return this.acquire(id);
    room.hold();
    return room;
  }

  endAll(reason: RemovalReason): void {
    for (const room of [...this.#open]) room.end(reason);
  }

  endOnWorker(worker: MediaWorker, reason: RemovalReason): void {
    for (const room of [...this.#open]) if (room.mediaWorker === worker) room.end(reason);
  }

  census(): Census {
    const participants: Record<Role, number> = { host: 0, moderator: 0, speaker: 0, listener: 0 };
    let transports = 0;
    let producers = 0;
    let consumers = 0;
    for (const room of this.#open) {
      producers += room.streams.size;
      for (const participant of room.participants.values()) {
        participants[participant.role]++;
        transports += participant.transportCount;
        consumers += participant.subscription?.size ?? 0;
      }
    }
    return { rooms: this.#open.size, participants, transports, producers, consumers };
  }

  get participantCount(): number {
    const { participants } = this.census();
    return roles.reduce((sum, role) => sum + participants[role], 0);
  }

  #start(id: string): Promise<Room> {
    const opening = this.#create(id);
    this.#opening.set(id, opening);
    const forget = (): void => {
      if (this.#opening.get(id) === opening) this.#opening.delete(id);
    };
    opening.then((room) => {
      if (room.ended) forget();
    }, forget);
    return opening;
  }

  async #create(id: string): Promise<Room> {
    const { pool, maxParticipantsPerRoom, events } = this.#options;
    const mediaWorker = pool.leastLoaded();
    if (mediaWorker === undefined) throw new Error("no media worker is alive");
    const room = await Room.create({
      id,
      mediaWorker,
      maxParticipants: maxParticipantsPerRoom,
      events,
      onEnded: (ended) => {
        this.#open.delete(ended);
        this.#opening.delete(ended.id);
      },
    });
    this.#open.add(room);
    return room;
  }
}
