import type { Clock } from "../util/clock.ts";
import { addressKey, isLoopback } from "./addresses.ts";
import { RequestError } from "./errors.ts";

/** A token bucket: so many at once, and from then on so many a second. */
export type Allowance = { readonly burst: number; readonly perSecond: number };

/** What is limited. */
export const limitedActs = ["join", "message", "hand"] as const;
export type LimitedAct = (typeof limitedActs)[number];

/**
 * Token buckets by key, as GCRA (ITU-T I.371): of each key only the instant is kept
 * at which its bucket is full again. No more than `maxKeys` are kept; the one that
 * was asked for longest ago goes first, as do those that are full.
 */
export class TokenBuckets {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #fullAtMs = new Map<string, number>();

  constructor(options: { allowance: Allowance; clock: Clock; maxKeys: number }) {
    this.#intervalMs = 1000 / options.allowance.perSecond;
    this.#toleranceMs = options.allowance.burst * this.#intervalMs;
    this.#clock = options.clock;
    this.#maxKeys = options.maxKeys;
  }

  /** How many keys are kept. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /** Takes one: 0, or, where there is none, in how many milliseconds there will be. */
  take(key: string): number {
    const nowMs = this.#clock.now();
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? nowMs, nowMs) + this.#intervalMs;
    const waitMs = fullAtMs - nowMs - this.#toleranceMs;
    // Sums of floating-point intervals come out a hair above what they should.
    if (waitMs > 1e-6) return Math.ceil(waitMs);
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    this.#forget(nowMs);
    return 0;
  }

  #forget(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs > nowMs && this.#fullAtMs.size <= this.#maxKeys) return;
      this.#fullAtMs.delete(key);
    }
  }
}

/** Allowances by what is done; null: unlimited. */
export type LimitSettings = {
  readonly byAddress: Readonly<Record<"join" | "message", Allowance | null>>;
  readonly byAccount: Readonly<Record<LimitedAct, Allowance | null>>;
  readonly exemptLoopback: boolean;
  readonly maxKeys: number;
};

type By = "address" | "account";

/** What the server's limits are, and how far each address and account has used them. */
export class RateLimits {
  readonly #settings: LimitSettings;
  readonly #buckets = new Map<string, TokenBuckets>();
  readonly #onRefused: (act: LimitedAct, by: By) => void;

  constructor(options: { settings: LimitSettings; clock: Clock; onRefused(act: LimitedAct, by: By): void }) {
    const { settings, clock } = options;
    this.#settings = settings;
    this.#onRefused = options.onRefused;
    const add = (by: By, act: string, allowance: Allowance | null): void => {
      if (allowance === null) return;
      const buckets = new TokenBuckets({ allowance, clock, maxKeys: settings.maxKeys });
      this.#buckets.set(`${by} ${act}`, buckets);
    };
    for (const [act, allowance] of Object.entries(settings.byAddress)) add("address", act, allowance);
    for (const [act, allowance] of Object.entries(settings.byAccount)) add("account", act, allowance);
  }

  /** Throws RequestError `too-many-requests`. Loopback may be exempt. */
  requireByAddress(act: "join" | "message", address: string): void {
    if (this.#settings.exemptLoopback && isLoopback(address)) return;
    this.#require(act, "address", addressKey(address));
  }

  /** An account is a token's subject. Throws RequestError `too-many-requests`. */
  requireByAccount(act: LimitedAct, account: string): void {
    this.#require(act, "account", account);
  }

  #require(act: LimitedAct, by: By, key: string): void {
    const retryAfterMs = this.#buckets.get(`${by} ${act}`)?.take(key) ?? 0;
    if (retryAfterMs === 0) return;
    this.#onRefused(act, by);
    throw new RequestError("too-many-requests", `too many of this (${act}) from one ${by}`, { retryAfterMs });
  }
}
