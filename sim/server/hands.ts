import { maxHands, type Hand } from "../protocol/moderation.ts";
import { RequestError } from "./errors.ts";

/** The hands that are up, in the order in which they went up. */
export class Hands {
  readonly #names = new Map<string, string>();

  get list(): Hand[] {
    return [...this.#names].map(([participantId, name]) => ({ participantId, name }));
  }

  has(participantId: string): boolean {
    return this.#names.has(participantId);
  }

  /** The place in the queue, from 0; throws RequestError `too-many-requests` when the queue is full. */
  raise({ participantId, name }: Hand): number {
    if (!this.has(participantId) && this.#names.size >= maxHands) {
      throw new RequestError("too-many-requests", `${maxHands} hands are up already`);
    }
    if (!this.has(participantId)) this.#names.set(participantId, name);
    return [...this.#names.keys()].indexOf(participantId);
  }

  /** False where it was not up. */
  lower(participantId: string): boolean {
    return this.#names.delete(participantId);
  }
}
