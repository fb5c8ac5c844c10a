import { maxSeats, type RoomChange, type RoomDescription } from "../protocol/room.ts";
import type { RoomRecord } from "./store.ts";

type Details = Omit<RoomDescription, "roomId" | "state">;

/** Of a room that nobody defined: it is there for all, and opens with whoever comes first. */
const ofNobody: Details = {
  title: "",
  topic: "",
  visibility: "public",
  locked: false,
  lobby: false,
  maxStage: null,
  maxAudience: null,
  startsAtUnixMs: null,
};

/** What a live room is like, and whether it has been opened. */
export class RoomDetails {
  /** Whether the room is more than its members: it is in the directory. */
  readonly defined: boolean;
  readonly #roomId: string;
  readonly #defaultMaxAudience: number;
  #details: Details;
  #opened: boolean;

  constructor(roomId: string, record: RoomRecord | undefined, defaultMaxAudience: number) {
    this.defined = record !== undefined;
    this.#roomId = roomId;
    this.#defaultMaxAudience = defaultMaxAudience;
    if (record === undefined) {
      this.#details = ofNobody;
    } else {
      const { title, topic, visibility, locked, lobby, maxStage, maxAudience, startsAtUnixMs } = record;
      this.#details = { title, topic, visibility, locked, lobby, maxStage, maxAudience, startsAtUnixMs };
    }
    this.#opened = record === undefined || (record.state === "open" && !record.lobby);
  }

  get visibility(): Details["visibility"] {
    return this.#details.visibility;
  }

  get locked(): boolean {
    return this.#details.locked;
  }

  get maxStage(): number {
    return Math.min(this.#details.maxStage ?? maxSeats, maxSeats);
  }

  get maxAudience(): number {
    return this.#details.maxAudience ?? this.#defaultMaxAudience;
  }

  /** Whether those who are not hosts are let in. */
  get opened(): boolean {
    return this.#opened;
  }

  open(): void {
    this.#opened = true;
  }

  change(change: RoomChange): void {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    this.#details = { ...this.#details, ...Object.fromEntries(given) };
  }

  describe(waiting: number, ended: boolean): RoomDescription {
    const unopened = waiting > 0 ? "lobby" : "scheduled";
    const state = ended ? "ended" : this.#opened ? "open" : unopened;
    return { roomId: this.#roomId, state, ...this.#details };
  }
}
