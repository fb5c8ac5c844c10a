import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { levelDbov, rms, sampleRateHz, synthesizeRoomTone, synthesizeSpeech } from "./speech.ts";

const voice = { pitchHz: 120, formantScale: 1, speakingRate: 1 };
const speech = (seed: string, pitchHz = 120, durationMs = 2000): Float32Array =>
  synthesizeSpeech({ voice: { ...voice, pitchHz }, durationMs, random: createRandom(seed) });

/** The lag at which samples resemble themselves most, as a frequency from 70 to 300 Hz. */
function pitchOf(samples: Float32Array): number {
  let best = 0;
  let bestLag = 1;
  for (let lag = Math.floor(sampleRateHz / 300); lag <= sampleRateHz / 70; lag++) {
    let sum = 0;
    for (let i = 0; i + lag < samples.length; i += 3) sum += (samples[i] ?? 0) * (samples[i + lag] ?? 0);
    if (sum > best) [best, bestLag] = [sum, lag];
  }
  return sampleRateHz / bestLag;
}

describe("synthesizeSpeech", () => {
  test("gives the same sound for the same seed, and another for another", () => {
    expect(speech("a")).toEqual(speech("a"));
    expect(speech("a")).not.toEqual(speech("b"));
  });

  test("lasts as long as asked, near -26 dBov, without clipping", () => {
    const samples = speech("a", 120, 1480);
    expect(samples.length).toBe((1480 * sampleRateHz) / 1000);
    expect(levelDbov(samples)).toBeGreaterThanOrEqual(25);
    expect(levelDbov(samples)).toBeLessThanOrEqual(28);
    expect(samples.every((sample) => Math.abs(sample) < 1)).toBe(true);
  });

  test("begins and ends in silence", () => {
    const samples = speech("a");
    const edge = (sampleRateHz * 40) / 1000;
    expect(levelDbov(samples.subarray(0, edge))).toBeGreaterThan(65);
    expect(levelDbov(samples.subarray(-edge))).toBeGreaterThan(65);
  });

  test("has about the pitch asked for", () => {
    for (const pitchHz of [100, 210]) {
      const found = pitchOf(speech("pitch", pitchHz).subarray(20_000, 60_000));
      expect(found).toBeGreaterThan(pitchHz * 0.8);
      expect(found).toBeLessThan(pitchHz * 1.3);
    }
  });

  test("goes loud and soft with its syllables", () => {
    const samples = speech("a", 120, 3000);
    const levels = Array.from({ length: 140 }, (_, i) =>
      levelDbov(samples.subarray((i + 4) * 960, (i + 5) * 960)),
    );
    expect(Math.max(...levels) - Math.min(...levels)).toBeGreaterThan(12);
  });

  test("refuses less than 300 ms", () => {
    expect(() => speech("a", 120, 299)).toThrow(RangeError);
    expect(() => speech("a", 120, NaN)).toThrow(RangeError);
  });
});

describe("levels", () => {
  test("put full scale at 0, room tone at 70 and nothing at 127", () => {
    expect(levelDbov(new Float32Array(960).fill(1))).toBe(0);
    expect(levelDbov(synthesizeRoomTone(1000, createRandom("room")))).toBe(70);
    expect(levelDbov(new Float32Array(960))).toBe(127);
    expect(levelDbov(new Float32Array(960).fill(4))).toBe(0);
  });

  test("take the RMS of nothing as 0", () => {
    expect(rms(new Float32Array(0))).toBe(0);
  });
});
