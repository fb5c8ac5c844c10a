/** Which chirp was heard, and how late. All instants in milliseconds since 1970. */
import type { ChirpSchedule } from "../../sim/protocol/fleet.ts";

/** The chirps that one listener heard. A delay of a period or more cannot be told from a shorter one. */
export class HeardChirps {
  readonly #schedule: ChirpSchedule;
  readonly #heard = new Set<number>();

  constructor(schedule: ChirpSchedule) {
    this.#schedule = schedule;
  }

  /** From the mouth to here, in ms; undefined for a chirp that was heard before (concealment may repeat one), or was never said. */
  delayMs(heardAtUnixMs: number): number | undefined {
    const { firstAtUnixMs, periodMs } = this.#schedule;
    const number = Math.floor((heardAtUnixMs - firstAtUnixMs) / periodMs);
    if (number < 0 || this.#heard.has(number)) return undefined;
    this.#heard.add(number);
    return heardAtUnixMs - this.#atUnixMs(number);
  }

  /** Chirps said from an instant on and before another, and those of them that were heard. */
  between(fromUnixMs: number, toUnixMs: number): { due: number; heard: number } {
    const { firstAtUnixMs, periodMs } = this.#schedule;
    const numberFrom = (atUnixMs: number): number =>
      Math.max(0, Math.ceil((atUnixMs - firstAtUnixMs) / periodMs));
    const [from, to] = [numberFrom(fromUnixMs), numberFrom(toUnixMs)];
    const heard = [...this.#heard].filter((number) => number >= from && number < to).length;
    return { due: Math.max(0, to - from), heard };
  }

  #atUnixMs(number: number): number {
    return this.#schedule.firstAtUnixMs + number * this.#schedule.periodMs;
  }
}
