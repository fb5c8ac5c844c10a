import type { MonotonicMs } from "../../util/clock.ts";
import { monotonicMs } from "../../util/clock.ts";
import { epochOf } from "./kid.ts";
import { ratchetTo } from "./ratchet.ts";

/** How long a generation outlives the arrival of a newer one: frames under it may still be on their way. */
export const oldGenerationLifetimeMs = 10_000;

type Held = { readonly secret: Uint8Array; expiresAt: MonotonicMs | null };

/** The room's secrets that a member holds: the newest for good, older ones for 10 s at most. */
export class RoomSecrets {
  readonly #byGeneration = new Map<number, Held>();
  readonly #ratchetTo: typeof ratchetTo;
  #newest = -1;

  /** `ratchet`: another way to the same bytes, for a process that has many members. */
  constructor(ratchet: typeof ratchetTo = ratchetTo) {
    this.#ratchetTo = ratchet;
  }

  /** -1: none ever came. */
  get newest(): number {
    return this.#newest;
  }

  /** Takes a secret that came at this instant; an older generation than the newest is not taken. */
  add(generation: number, secret: Uint8Array, nowMs: MonotonicMs): boolean {
    if (generation <= this.#newest) return false;
    this.#retire(generation, nowMs);
    this.#byGeneration.set(generation, { secret, expiresAt: null });
    this.#newest = generation;
    return true;
  }

  /**
   * Takes the secret that speakers speak under until they change over to the newest one, for
   * who has just got both; it goes as an older one does.
   */
  addEarlier(generation: number, secret: Uint8Array, nowMs: MonotonicMs): boolean {
    if (generation >= this.#newest || this.#byGeneration.has(generation)) return false;
    const expiresAt = monotonicMs(nowMs + oldGenerationLifetimeMs);
    this.#byGeneration.set(generation, { secret, expiresAt });
    return true;
  }

  /** Null when the generation never came or has expired. */
  get(generation: number, nowMs: MonotonicMs): Uint8Array | null {
    const held = this.#byGeneration.get(generation);
    return held === undefined || isOver(held, nowMs) ? null : held.secret;
  }

  /** The secret of a generation that is held, or a later step of one. Changes nothing: a KID may be anybody's. */
  peek(generation: number, nowMs: MonotonicMs): Uint8Array | null {
    const from = this.#nearest(generation, nowMs);
    return from === null ? null : this.#ratchetTo(generation, from.generation, from.held.secret);
  }

  /**
   * Goes on to a later step, once a frame has authenticated under it or the distributor says so;
   * those before it grow old. Null when it is no later step of what is held.
   */
  follow(generation: number, nowMs: MonotonicMs): Uint8Array | null {
    const from = this.#nearest(generation, nowMs);
    if (from === null || from.generation === generation) return null;
    const secret = this.#ratchetTo(generation, from.generation, from.held.secret);
    if (!this.add(generation, secret, nowMs)) {
      // A step of the epoch before the newest, which speakers have not left yet.
      this.#byGeneration.set(generation, { secret, expiresAt: from.held.expiresAt });
    }
    return secret;
  }

  /** What is held now, oldest first. */
  held(nowMs: MonotonicMs): { generation: number; secret: Uint8Array }[] {
    return [...this.#byGeneration]
      .filter(([, held]) => !isOver(held, nowMs))
      .map(([generation, { secret }]) => ({ generation, secret }))
      .toSorted((one, other) => one.generation - other.generation);
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
    let next: MonotonicMs | null = null;
    for (const { expiresAt } of this.#byGeneration.values()) {
      if (expiresAt !== null && (next === null || expiresAt < next)) next = expiresAt;
    }
    return next;
  }

  #retire(below: number, nowMs: MonotonicMs): void {
    for (const [generation, held] of this.#byGeneration) {
      if (generation < below) held.expiresAt ??= monotonicMs(nowMs + oldGenerationLifetimeMs);
    }
  }

  #nearest(generation: number, nowMs: MonotonicMs): { generation: number; held: Held } | null {
    let nearest: { generation: number; held: Held } | null = null;
    for (const [known, held] of this.#byGeneration) {
      if (epochOf(known) !== epochOf(generation) || known > generation || isOver(held, nowMs)) continue;
      if (nearest === null || known > nearest.generation) nearest = { generation: known, held };
    }
    return nearest;
  }
}

function isOver(held: Held, nowMs: MonotonicMs): boolean {
  return held.expiresAt !== null && nowMs >= held.expiresAt;
}
