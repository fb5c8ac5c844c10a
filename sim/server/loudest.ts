/** A stream in the selection is kept for so long after it was last heard, and after it came in. */
export const holdMs = 2000;
/** Who would take a talker's place must be louder than that by so much. */
const marginDb = 6;
/** The weight of a new level in the smoothed one. */
const newShare = 0.5;
/** The level of who is not heard (RFC 6464: 127 is silence). */
const silentDbov = 127;

type Entry = { levelDbov: number; heardAtMs: number; selectedAtMs: number | undefined };

/**
 * Which streams of a room are forwarded when only so many are: those that were loudest,
 * changed as little as can be. Whoever is in it is safe for 2 s after it came in and
 * was last heard; a talker gives way only to one who is clearly louder. Free places are always taken.
 * Levels in decibels below overload: 0 is the loudest. Pure: told of streams, levels and instants.
 */
export class Loudest {
  readonly #count: number;
  readonly #entries = new Map<string, Entry>();

  constructor(count: number) {
    this.#count = count;
  }

  get selected(): ReadonlySet<string> {
    return new Set(
      [...this.#entries].filter(([, { selectedAtMs }]) => selectedAtMs !== undefined).map(([id]) => id),
    );
  }

  add(id: string, nowMs: number): void {
    if (this.#entries.has(id)) return;
    this.#entries.set(id, { levelDbov: silentDbov, heardAtMs: -Infinity, selectedAtMs: undefined });
    this.#fill(nowMs);
  }

  remove(id: string, nowMs: number): void {
    if (this.#entries.delete(id)) this.#fill(nowMs);
  }

  /** The levels of those who are heard now; the others are silent. */
  update(levels: ReadonlyMap<string, number>, nowMs: number): void {
    for (const [id, entry] of this.#entries) {
      const levelDbov = levels.get(id);
      if (levelDbov !== undefined) entry.heardAtMs = nowMs;
      entry.levelDbov += newShare * ((levelDbov ?? silentDbov) - entry.levelDbov);
    }
    // The loudest outside against the quietest inside, for as long as it changes places.
    for (;;) {
      const challenger = this.#first(
        (entry) => entry.selectedAtMs === undefined && entry.heardAtMs === nowMs,
        -1,
      );
      const incumbent = this.#first((entry) => entry.selectedAtMs !== undefined, 1);
      if (challenger === undefined || incumbent === undefined) return;
      if (!givesWay(incumbent, challenger, nowMs)) return;
      incumbent.selectedAtMs = undefined;
      challenger.selectedAtMs = nowMs;
    }
  }

  /** Free places go to the loudest outside. */
  #fill(nowMs: number): void {
    while (this.selected.size < this.#count) {
      const next = this.#first((entry) => entry.selectedAtMs === undefined, -1);
      if (next === undefined) return;
      next.selectedAtMs = nowMs;
    }
  }

  /** The loudest (-1) or the quietest (1) that fits. */
  #first(fits: (entry: Entry) => boolean, sign: 1 | -1): Entry | undefined {
    return [...this.#entries.values()].filter(fits).toSorted((a, b) => sign * (b.levelDbov - a.levelDbov))[0];
  }
}

function givesWay(incumbent: Entry, challenger: Entry, nowMs: number): boolean {
  if (nowMs - incumbent.heardAtMs >= holdMs)
    return incumbent.heardAtMs === -Infinity || isSettled(incumbent, nowMs);
  return isSettled(incumbent, nowMs) && challenger.levelDbov <= incumbent.levelDbov - marginDb;
}

function isSettled({ selectedAtMs }: Entry, nowMs: number): boolean {
  return selectedAtMs === undefined || nowMs - selectedAtMs >= holdMs;
}
