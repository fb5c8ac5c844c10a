import type { Random } from "../util/random.ts";

/** A two-pole resonator, the building block of formant synthesis (Klatt 1980, eq. 1 and 2); unity gain at 0 Hz. */
export class Resonator {
  readonly #sampleRateHz: number;
  #a = 1;
  #b = 0;
  #c = 0;
  #last = 0;
  #beforeLast = 0;

  constructor(sampleRateHz: number) {
    this.#sampleRateHz = sampleRateHz;
  }

  tune(frequencyHz: number, bandwidthHz: number): void {
    const radius = Math.exp((-Math.PI * bandwidthHz) / this.#sampleRateHz);
    this.#c = -radius * radius;
    this.#b = 2 * radius * Math.cos((2 * Math.PI * frequencyHz) / this.#sampleRateHz);
    this.#a = 1 - this.#b - this.#c;
  }

  /** By how much it makes white noise louder (RMS): the norm of its impulse response, in closed form. */
  get noiseGain(): number {
    const [a, b, c] = [this.#a, this.#b, this.#c];
    return Math.abs(a) * Math.sqrt((1 - c) / ((1 + c) * ((1 - c) ** 2 - b ** 2)));
  }

  filter(sample: number): number {
    const out = this.#a * sample + this.#b * this.#last + this.#c * this.#beforeLast;
    this.#beforeLast = this.#last;
    this.#last = out;
    return out;
  }
}

/** Shares of a glottal cycle in which the folds open and close (Rosenberg 1971, pulse C: 40 % and 16 %). */
const openingShare = 0.4;
const closingShare = 0.16;
/** Cycle-to-cycle variation of healthy voices. */
const jitterShare = 0.01;
const breathShare = 0.03;

/** The derivative of the glottal flow: pulses at a pitch, with a little jitter and breath. */
export class GlottalSource {
  pitchHz = 120;
  /** The amplitude follows this within a few milliseconds, so that changing it does not click. */
  amplitudeTarget = 0;
  readonly #sampleRateHz: number;
  readonly #random: Random;
  #phase = 0;
  #jitter = 1;
  #amplitude = 0;

  constructor(sampleRateHz: number, random: Random) {
    this.#sampleRateHz = sampleRateHz;
    this.#random = random;
  }

  next(): number {
    this.#amplitude += (this.amplitudeTarget - this.#amplitude) * 0.005;
    this.#phase += (this.pitchHz * this.#jitter) / this.#sampleRateHz;
    if (this.#phase >= 1) {
      this.#phase -= 1;
      this.#jitter = 1 + jitterShare * (2 * this.#random.next() - 1);
    }
    return this.#amplitude * (flowDerivative(this.#phase) + breathShare * (2 * this.#random.next() - 1));
  }
}

function flowDerivative(phase: number): number {
  if (phase < openingShare) return Math.sin((Math.PI * phase) / openingShare) * 0.5;
  const closing = (phase - openingShare) / closingShare;
  return closing < 1 ? -Math.sin((Math.PI * closing) / 2) * (openingShare / closingShare) * 0.5 : 0;
}
