import { Coalesced } from "./_coalesced.ts";
import { eventText, type RemovalReason } from "./connection.ts";
import type { Line } from "./line.ts";

const newsIntervalMs = 1000;

/** Somebody who waits for the host. */
export type Guest = {
  readonly participantId: string;
  readonly connection: Line;
  /** Into the room, now that it is open; never rejects. */
  letIn(): Promise<void>;
  /** Gives back the place that was kept. */
  giveUp(): void;
};

/** Those who have come before the host, in the order in which they came. */
export class Lobby {
  readonly #guests = new Map<string, Guest>();
  readonly #news = new Coalesced(newsIntervalMs, () => {
    const text = eventText("lobby", { waiting: this.size });
    for (const { connection } of this.#guests.values()) connection.tell(text);
  });

  get size(): number {
    return this.#guests.size;
  }

  /** One of the same id who waits already is replaced. */
  add(guest: Guest): void {
    this.#removeOne(guest.participantId, "replaced");
    this.#guests.set(guest.participantId, guest);
    this.#news.ask();
  }

  /** The guest has gone; nothing happens if it does not wait any more. */
  drop(guest: Guest): void {
    if (this.#guests.get(guest.participantId) !== guest) return;
    this.#guests.delete(guest.participantId);
    guest.giveUp();
    this.#news.ask();
  }

  /** All who wait, who from now on wait no more. */
  take(): Guest[] {
    const guests = [...this.#guests.values()];
    this.#guests.clear();
    this.#news.cancel();
    return guests;
  }

  /** Tells all who wait. */
  tell(text: string): void {
    for (const { connection } of this.#guests.values()) connection.tell(text);
  }

  /** Turns somebody away; false where nobody of that id waits. */
  remove(participantId: string, reason: RemovalReason): boolean {
    const removed = this.#removeOne(participantId, reason);
    if (removed) this.#news.ask();
    return removed;
  }

  removeAll(reason: RemovalReason): void {
    for (const participantId of [...this.#guests.keys()]) this.#removeOne(participantId, reason);
    this.#news.cancel();
  }

  #removeOne(participantId: string, reason: RemovalReason): boolean {
    const guest = this.#guests.get(participantId);
    if (guest === undefined) return false;
    this.#guests.delete(participantId);
    guest.connection.remove(reason);
    guest.giveUp();
    return true;
  }
}
