import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { chirp, chirpWaveform } from "./chirp.ts";
import { ChirpDetector, type HeardChirp } from "./chirp-detector.ts";
import { synthesizeSpeech } from "./speech.ts";

const rateHz = 48_000;
const oneMs = rateHz / 1000;
const waveform = chirpWaveform(rateHz);

function withChirps(seconds: number, at: readonly number[], gain = 1): Float32Array {
  const samples = new Float32Array(seconds * rateHz);
  for (const start of at)
    waveform.forEach((sample, index) => {
      samples[start + index] = (samples[start + index] ?? 0) + gain * sample;
    });
  return samples;
}

function addNoise(samples: Float32Array, rms: number, seed: string): Float32Array {
  const random = createRandom(seed);
  return samples.map((sample) => sample + rms * Math.sqrt(3) * (2 * random.next() - 1));
}

function heardIn(samples: Float32Array, sampleRateHz = rateHz): HeardChirp[] {
  return new ChirpDetector(sampleRateHz).push(samples);
}

describe("a chirp", () => {
  test("is found where it begins, to a tenth of a millisecond, at any loudness and sample", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: rateHz / 2 }),
        fc.double({ min: 0.02, max: 2, noNaN: true }),
        (start, gain) => {
          const heard = heardIn(withChirps(1, [start], gain));
          expect(heard).toHaveLength(1);
          expect(Math.abs((heard[0]?.atSample ?? 0) - start)).toBeLessThan(oneMs / 10);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("is found in blocks of any size as it is in one piece", () => {
    const samples = addNoise(withChirps(2, [5_000, 60_123]), 0.01, "blocks");
    const whole = heardIn(samples);
    expect(whole).toHaveLength(2);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (block) => {
        const detector = new ChirpDetector(rateHz);
        const heard: HeardChirp[] = [];
        for (let at = 0; at < samples.length; at += block)
          heard.push(...detector.push(samples.subarray(at, at + block)));
        expect(heard).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });

  test("is found within a millisecond under noise as loud as itself", () => {
    const start = 20_000;
    for (const seed of ["a", "b", "c", "d", "e"]) {
      const heard = heardIn(addNoise(withChirps(1, [start]), 0.25, seed));
      expect(heard).toHaveLength(1);
      expect(Math.abs((heard[0]?.atSample ?? 0) - start)).toBeLessThan(oneMs);
    }
  });

  test("is found though a quarter of it was lost and is silence", () => {
    const start = 20_000;
    const samples = withChirps(1, [start]).fill(0, start + 10 * oneMs, start + 20 * oneMs);
    const [heard] = heardIn(samples);
    expect(Math.abs((heard?.atSample ?? 0) - start)).toBeLessThan(oneMs);
  });

  test("is found at 44,100 samples a second too", () => {
    const samples = new Float32Array(44_100);
    samples.set(chirpWaveform(44_100), 10_001);
    const [heard] = heardIn(samples, 44_100);
    expect(Math.abs((heard?.atSample ?? 0) - 10_001)).toBeLessThan(5);
  });

  test("of each period is found once", () => {
    const at = Array.from(
      { length: 5 },
      (_, period) => ((period * chirp.periodMs + chirp.startMs) * rateHz) / 1000,
    );
    expect(heardIn(withChirps(6, at)).map(({ atSample }) => Math.round(atSample))).toEqual(at);
  });
});

describe("nothing is taken for a chirp", () => {
  test("in silence, in noise, in a tone, or in what is too quiet to be heard", () => {
    const silence = new Float32Array(2 * rateHz);
    const tone = silence.map((_, sample) => 0.5 * Math.sin((2 * Math.PI * 2500 * sample) / rateHz));
    const faint = withChirps(2, [1000], 0.001);
    for (const samples of [silence, addNoise(silence, 0.3, "noise"), tone, faint])
      expect(heardIn(samples)).toEqual([]);
  });

  test("in the chirp played backwards", () => {
    const samples = new Float32Array(rateHz);
    samples.set(waveform.toReversed(), 10_000);
    expect(heardIn(samples)).toEqual([]);
  });

  test("in a minute of speech", () => {
    for (const pitchHz of [98, 138, 185, 235]) {
      const voice = { pitchHz, formantScale: 1, speakingRate: 1 };
      const speech = synthesizeSpeech({ voice, durationMs: 15_000, random: createRandom(`${pitchHz}`) });
      expect(heardIn(speech)).toEqual([]);
    }
  });
});
