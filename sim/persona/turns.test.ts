import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { pickWeighted, planTurns } from "./turns.ts";

const day = 86_400_000;
const panelOf = (speakers: number, talkativeness = Array.from({ length: speakers }, () => 1)) =>
  planTurns({ speakers, endMs: day, talkativeness, random: createRandom("turns") });

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

describe("planTurns", () => {
  test("gives panellists a median of 20 s and the moderator 8 s, within 8 %, with sigma 0.9", () => {
    const turns = panelOf(4).slice(0, -1);
    const seconds = (moderator: boolean): number[] =>
      turns
        .filter((turn) => (turn.speaker === 0) === moderator)
        .map((turn) => (turn.endMs - turn.startMs) / 1000);
    expect(median(seconds(false))).toBeGreaterThan(18.4);
    expect(median(seconds(false))).toBeLessThan(21.6);
    expect(median(seconds(true))).toBeGreaterThan(7.4);
    expect(median(seconds(true))).toBeLessThan(8.6);
    const logs = seconds(false).map(Math.log);
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    const sigma = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length);
    expect(sigma).toBeGreaterThan(0.84);
    expect(sigma).toBeLessThan(0.96);
  });

  test("lets 40 % of speaker changes overlap, within 3 points, and most gaps be near 200 ms", () => {
    const turns = panelOf(4);
    const shiftsMs = turns.slice(1).map((turn, i) => turn.startMs - (turns[i]?.endMs ?? NaN));
    expect(shiftsMs.filter((shiftMs) => shiftMs < 0).length / shiftsMs.length).toBeCloseTo(0.4, 1);
    const gaps = new Map<number, number>();
    for (const shiftMs of shiftsMs) {
      const bin = Math.floor(shiftMs / 100) * 100;
      if (shiftMs > 0) gaps.set(bin, (gaps.get(bin) ?? 0) + 1);
    }
    const mode = [...gaps].toSorted(([, a], [, b]) => b - a)[0]?.[0];
    expect([100, 200]).toContain(mode);
  });

  test("is opened by the host within half a second", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = createRandom(`seed ${seed}`);
      const [first] = planTurns({ speakers: 3, endMs: 60_000, talkativeness: [1, 1, 1], random });
      expect(first?.speaker).toBe(0);
      expect(first?.startMs).toBeLessThanOrEqual(500);
    }
  });

  test("never lets anybody follow themselves, nor meet their own last turn", () => {
    for (const speakers of [2, 3, 7]) {
      const turns = panelOf(speakers);
      const lastEnd = new Map<number, number>();
      for (const [i, turn] of turns.entries()) {
        expect(turn.speaker).not.toBe(turns[i - 1]?.speaker);
        expect(turn.startMs).toBeGreaterThan(lastEnd.get(turn.speaker) ?? -1);
        lastEnd.set(turn.speaker, turn.endMs);
      }
    }
  });

  test("lets somebody alone take turn after turn, with gaps", () => {
    const turns = panelOf(1);
    expect(turns.length).toBeGreaterThan(100);
    expect(turns.slice(1).every((turn, i) => turn.startMs > (turns[i]?.endMs ?? Infinity))).toBe(true);
  });

  test("gives the talkative more turns", () => {
    const turns = panelOf(4, [1, 1, 3, 1]);
    const count = (speaker: number): number => turns.filter((turn) => turn.speaker === speaker).length;
    expect(count(2)).toBeGreaterThan(1.3 * count(1));
  });
});

describe("pickWeighted", () => {
  test("says -1 when nobody is allowed", () => {
    expect(pickWeighted([1, 2], () => false, createRandom("x"))).toBe(-1);
  });

  test("picks in proportion to the weights of those allowed", () => {
    const random = createRandom("x");
    const counts = [0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      const picked = pickWeighted([1, 3, 100], (index) => index < 2, random);
      counts[picked] = (counts[picked] ?? 0) + 1;
    }
    expect(counts[2]).toBe(0);
    expect((counts[1] ?? 0) / 4000).toBeCloseTo(0.75, 1);
  });
});
