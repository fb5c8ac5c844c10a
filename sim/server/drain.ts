import { z } from "zod";
import type { Clock } from "../util/clock.ts";

const count = z.int().min(0);

/** How a drain stands, and, once `done`, how it went: `participants` is the sum of the five after it. */
export const drainStatusSchema = z.strictObject({
  state: z.enum(["off", "draining", "done"]),
  /** Who was in a room when it began, had a place kept, or was on the way in. */
  participants: count,
  /** Left of their own accord. */
  left: count,
  /** Their connection broke, and they did not come back. */
  disconnected: count,
  /** Put out otherwise: kicked, their room ended, their media failed. */
  removed: count,
  /** Still there at the deadline, and cut. */
  cut: count,
  /** Still there. */
  remaining: count,
  /** Until who remains is cut, in milliseconds; null: not draining. */
  deadlineInMs: count.nullable(),
});
export type DrainStatus = z.infer<typeof drainStatusSchema>;

type DrainOptions = {
  clock: Clock;
  /** How many participants there are when it begins. */
  population(): number;
  /** Tells everybody that the server is about to stop. */
  tell(deadlineMs: number): void;
  /** Puts everybody out at once; each is counted by {@link Drain.gone}. */
  cut(): void;
};

/**
 * Empties the server: nobody else comes in, those inside are told and may leave until
 * a deadline, and then are cut. Each who goes is counted by how, when it happens.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #done = Promise.withResolvers<void>();
  readonly #counts = { left: 0, disconnected: 0, removed: 0, cut: 0 };
  #state: DrainStatus["state"] = "off";
  #participants = 0;
  #deadlineAtMs = 0;
  #cutting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** Whether nobody comes in any more. */
  get on(): boolean {
    return this.#state !== "off";
  }

  /**
   * Drains, and answers when everybody is out. Once it is on, asking again can bring
   * the deadline nearer but not put it off, and is answered like the first.
   */
  async run(deadlineMs: number): Promise<DrainStatus> {
    const { clock, population, tell } = this.#options;
    const deadlineAtMs = clock.now() + deadlineMs;
    if (this.#state === "off") {
      this.#state = "draining";
      this.#participants = population();
      this.#setDeadline(deadlineAtMs);
      if (deadlineMs > 0) tell(deadlineMs);
    } else if (this.#state === "draining" && deadlineAtMs < this.#deadlineAtMs) {
      this.#setDeadline(deadlineAtMs);
      if (deadlineMs > 0) tell(deadlineMs);
    }
    if (this.#state === "draining") {
      if (this.#remaining === 0) this.#finish();
      else if (deadlineMs === 0) this.#cut();
    }
    await this.#done.promise;
    return this.status();
  }

  /** To be called for each participant who comes: one may have been on the way in when it began. */
  arrived(): void {
    if (this.#state === "draining") this.#participants++;
  }

  /** To be called for each participant who goes. */
  gone(how: "left" | "disconnected" | "removed"): void {
    if (this.#state !== "draining") return;
    this.#counts[this.#cutting ? "cut" : how]++;
    if (!this.#cutting && this.#remaining === 0) this.#finish();
  }

  status(): DrainStatus {
    return {
      state: this.#state,
      participants: this.#participants,
      ...this.#counts,
      remaining: this.#remaining,
      deadlineInMs:
        this.#state === "draining"
          ? Math.max(0, Math.ceil(this.#deadlineAtMs - this.#options.clock.now()))
          : null,
    };
  }

  #setDeadline(atMs: number): void {
    this.#deadlineAtMs = atMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#cut();
      },
      Math.max(0, atMs - this.#options.clock.now()),
    );
  }

  get #remaining(): number {
    const { left, disconnected, removed, cut } = this.#counts;
    return this.#participants - left - disconnected - removed - cut;
  }

  #cut(): void {
    if (this.#state !== "draining") return;
    this.#cutting = true;
    this.#options.cut();
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#state = "done";
    this.#done.resolve();
  }
}
