/** A stream in the selection is kept for so long after it was last heard, and after it came in. */
export const holdMs = 2000;
/** Who would take the place of somebody who is heard must be louder by so much. */
const marginDb = 6;
/** The weight of a new level in the smoothed one. */
const newShare = 0.5;
/** RFC 6464: silence. */
const silentDbov = 127;

type Entry = { levelDbov: number; heardAtMs: number; selectedAtMs: number | undefined };

/**
 * Which streams of a room are forwarded when only so many are: the loudest, changed as
 * little as can be. Whoever came in stays for 2 s at least. After that they give way when they
 * were not heard for 2 s, or to somebody clearly louder. Free places are always taken.
 * Levels in decibels below overload: 0 is the loudest. Pure: told of streams, levels and instants.
 */
export class Loudest {
  readonly #count: number;
  readonly #entries = new Map<string, Entry>();

  constructor(count: number) {
    this.#count = count;
  }

  get selected(): ReadonlySet<string> {
    const selected = [...this.#entries].filter(([, { selectedAtMs }]) => selectedAtMs !== undefined);
    return new Set(selected.map(([id]) => id));
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
    for (const [id, level] of levels) {
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      const share = isSilent(entry, nowMs) ? 1 : newShare;
      entry.levelDbov += share * (level - entry.levelDbov);
      entry.heardAtMs = nowMs;
    }
    // The loudest outside against the quietest inside, for as long as it changes places.
    for (;;) {
      const challenger = this.#loudest((entry) => !isIn(entry) && entry.heardAtMs === nowMs, nowMs)[0];
      const incumbent = this.#loudest((entry) => isIn(entry) && mayGo(entry, nowMs), nowMs).at(-1);
      if (challenger === undefined || incumbent === undefined) return;
      if (!isSilent(incumbent, nowMs) && challenger.levelDbov > incumbent.levelDbov - marginDb) return;
      incumbent.selectedAtMs = undefined;
      challenger.selectedAtMs = nowMs;
    }
  }

  /** Free places go to the loudest outside. */
  #fill(nowMs: number): void {
    while (this.selected.size < this.#count) {
      const [next] = this.#loudest((entry) => !isIn(entry), nowMs);
      if (next === undefined) return;
      next.selectedAtMs = nowMs;
    }
  }

  /** Those that fit, from the loudest on. */
  #loudest(fits: (entry: Entry) => boolean, nowMs: number): Entry[] {
    const level = (entry: Entry): number => (isSilent(entry, nowMs) ? silentDbov : entry.levelDbov);
    return [...this.#entries.values()].filter(fits).toSorted((a, b) => level(a) - level(b));
  }
}

function isIn({ selectedAtMs }: Entry): boolean {
  return selectedAtMs !== undefined;
}

/** Not heard for the time that a place is held. */
function isSilent({ heardAtMs }: Entry, nowMs: number): boolean {
  return nowMs - heardAtMs >= holdMs;
}

/** Who has never been heard came in only because there was place. */
function mayGo({ selectedAtMs = 0, heardAtMs }: Entry, nowMs: number): boolean {
  return heardAtMs === -Infinity || nowMs - selectedAtMs >= holdMs;
}
