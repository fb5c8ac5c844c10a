import type { MonotonicMs } from "../../util/clock.ts";
import { monotonicMs } from "../../util/clock.ts";

/** How long a generation outlives the arrival of a newer one: frames under it may still be on their way. */
export const oldGenerationLifetimeMs = 10_000;

type Held = { readonly secret: Uint8Array; expiresAt: MonotonicMs | null };

/** The room's secrets that a member holds: the newest for good, older ones for 10 s at most. */
export class RoomSecrets {
  readonly #byGeneration = new Map<number, Held>();
  #newest = -1;

  /** Takes a secret that came at this instant; an older generation than the newest is not taken. */
  add(generation: number, secret: Uint8Array, nowMs: MonotonicMs): boolean {
    if (generation <= this.#newest) return false;
    const previous = this.#byGeneration.get(this.#newest);
    if (previous !== undefined) previous.expiresAt = monotonicMs(nowMs + oldGenerationLifetimeMs);
    this.#byGeneration.set(generation, { secret, expiresAt: null });
    this.#newest = generation;
    return true;
  }

  /** Null when the generation never came or has expired. */
  get(generation: number, nowMs: MonotonicMs): Uint8Array | null {
    const held = this.#byGeneration.get(generation);
    return held === undefined || isOver(held, nowMs) ? null : held.secret;
  }

  /** What is held now, oldest first. */
  held(nowMs: MonotonicMs): { generation: number; secret: Uint8Array }[] {
    return [...this.#byGeneration]
      .filter(([, held]) => !isOver(held, nowMs))
      .map(([generation, { secret }]) => ({ generation, secret }));
  }

  /** Forgets what has expired and says which generations that were, so that their keys can go too. */
  expire(nowMs: MonotonicMs): number[] {
    const expired: number[] = [];
    for (const [generation, held] of this.#byGeneration) {
      if (!isOver(held, nowMs)) continue;
      this.#byGeneration.delete(generation);
      expired.push(generation);
    }
    return expired;
  }

  /** When {@link expire} next has something to do; null: nothing is old. */
  get nextExpiryAt(): MonotonicMs | null {
    for (const held of this.#byGeneration.values()) if (held.expiresAt !== null) return held.expiresAt;
    return null;
  }
}

function isOver(held: Held, nowMs: MonotonicMs): boolean {
  return held.expiresAt !== null && nowMs >= held.expiresAt;
}
