import { chirpWaveform } from "./chirp.ts";

export type HeardChirp = {
  /** Where its first sample is, counted from the first one that was pushed; between two samples, too. */
  readonly atSample: number;
  /** How like the chirp it is, from -1 to 1. */
  readonly correlation: number;
};

/** Looked for at about this rate, which holds all of the sweep: a quarter of the taps, a quarter as often. */
const searchRateHz = 12_000;
/** The low-pass before that; its transition, 3.3 rates over taps (Hamming), keeps aliases off the sweep. */
const lowPassHz = 5900;
const lowPassTaps = 49;
/** Of random noise in the sweep's band the correlation is 0 with a deviation of 0.065: this is seven of them. */
const leastCorrelation = 0.5;
/** Quieter than this (RMS against full scale, -60 dBov) nothing is a chirp, whatever its shape. */
const leastRms = 0.001;
/** The best within so long after it is the chirp; another cannot be so near. */
const holdMs = 20;

/**
 * Finds chirps in a stream of samples by a matched filter: the normalised cross-correlation with the chirp, which
 * neither loudness nor steady noise moves. Within half a period of the sweep (0.2 ms) where sound is not distorted.
 */
export class ChirpDetector {
  readonly #decimation: number;
  readonly #lowPass: Float32Array;
  readonly #template: Float32Array;
  readonly #templateEnergy: number;
  readonly #leastEnergy: number;
  readonly #holdSamples: number;
  /** The last samples, twice in a row, so that a whole window is always in one piece. */
  readonly #input = new Float32Array(2 * lowPassTaps);
  readonly #window: Float32Array;
  #inputAt = 0;
  #windowAt = 0;
  #energy = 0;
  #pushed = 0;
  /** Samples at the search rate. */
  #searched = 0;
  #before = 0;
  #last = 0;
  #best: { at: number; correlation: number } | undefined;

  constructor(sampleRateHz: number) {
    this.#decimation = Math.max(1, Math.floor(sampleRateHz / searchRateHz));
    const rateHz = sampleRateHz / this.#decimation;
    this.#lowPass = lowPassOf(sampleRateHz);
    this.#template = chirpWaveform(rateHz);
    this.#templateEnergy = energyOf(this.#template);
    this.#leastEnergy = leastRms ** 2 * this.#template.length;
    this.#holdSamples = Math.round((holdMs * rateHz) / 1000);
    this.#window = new Float32Array(2 * this.#template.length);
  }

  /** The next samples, any number of them. Answers with the chirps that are certain by now, 20 ms after their end. */
  push(samples: Float32Array): HeardChirp[] {
    const heard: HeardChirp[] = [];
    for (const sample of samples) {
      this.#input[this.#inputAt] = sample;
      this.#input[this.#inputAt + lowPassTaps] = sample;
      this.#inputAt = (this.#inputAt + 1) % lowPassTaps;
      if (++this.#pushed % this.#decimation !== 0) continue;
      const found = this.#search(dot(this.#lowPass, this.#input, this.#inputAt));
      if (found !== undefined) heard.push(found);
    }
    return heard;
  }

  #search(sample: number): HeardChirp | undefined {
    const length = this.#template.length;
    const leaving = this.#window[this.#windowAt] ?? 0;
    this.#window[this.#windowAt] = sample;
    this.#window[this.#windowAt + length] = sample;
    this.#windowAt = (this.#windowAt + 1) % length;
    this.#energy += sample * sample - leaving * leaving;
    // Once a window anew, or rounding would add up.
    if (this.#windowAt === 0) this.#energy = energyOf(this.#window.subarray(0, length));
    this.#searched++;
    const correlation =
      this.#energy < this.#leastEnergy
        ? 0
        : dot(this.#template, this.#window, this.#windowAt) / Math.sqrt(this.#energy * this.#templateEnergy);
    this.#keepPeak(correlation);
    this.#before = this.#last;
    this.#last = correlation;
    const best = this.#best;
    if (best === undefined || this.#searched - best.at < this.#holdSamples) return undefined;
    this.#best = undefined;
    return { atSample: this.#inputSampleOf(best.at), correlation: best.correlation };
  }

  /** Whether the last correlation was a peak; where exactly, by the parabola through three points. */
  #keepPeak(next: number): void {
    const [before, peak] = [this.#before, this.#last];
    if (peak < leastCorrelation || peak < before || peak <= next) return;
    if (this.#best !== undefined && peak <= this.#best.correlation) return;
    const shift = (before - next) / (2 * (before - 2 * peak + next));
    this.#best = { at: this.#searched - 1 + shift, correlation: peak };
  }

  /** The input sample that the chirp begins with whose last sample is the `count`-th at the search rate. */
  #inputSampleOf(count: number): number {
    const first = count - this.#template.length;
    return first * this.#decimation + this.#decimation - 1 - (lowPassTaps - 1) / 2;
  }
}

function energyOf(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}

function dot(taps: Float32Array, samples: Float32Array, from: number): number {
  let sum = 0;
  for (let tap = 0; tap < taps.length; tap++) sum += (taps[tap] ?? 0) * (samples[from + tap] ?? 0);
  return sum;
}

/** A windowed sinc (Hamming), linear in phase, with a gain of 1 at 0 Hz. */
function lowPassOf(sampleRateHz: number): Float32Array {
  const centre = (lowPassTaps - 1) / 2;
  const taps = Float32Array.from({ length: lowPassTaps }, (_, tap) => {
    const x = (2 * lowPassHz * (tap - centre)) / sampleRateHz;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return sinc * (0.54 - 0.46 * Math.cos((2 * Math.PI * tap) / (lowPassTaps - 1)));
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}
