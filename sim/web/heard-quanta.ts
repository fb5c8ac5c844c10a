import { ChirpDetector, type HeardChirp } from "../audio/chirp-detector.ts";

/**
 * Chirps in an audio context's own time, from the blocks of samples that it gives its worklets. A block may go by
 * without the worklet, while the graph is being changed: what comes after it must not seem earlier than it is.
 */
export class Quanta {
  readonly #sampleRateHz: number;
  #detector: ChirpDetector;
  /** Of the detector's first sample, and of the one that it expects next. */
  #firstFrame = 0;
  #nextFrame: number | undefined;

  constructor(sampleRateHz: number) {
    this.#sampleRateHz = sampleRateHz;
    this.#detector = new ChirpDetector(sampleRateHz);
  }

  /** `frame`: the context's number of the block's first sample. Answers with where chirps begin, in seconds. */
  push(frame: number, samples: Float32Array): { contextSeconds: number; correlation: number }[] {
    if (frame !== this.#nextFrame) {
      this.#detector = new ChirpDetector(this.#sampleRateHz);
      this.#firstFrame = frame;
    }
    this.#nextFrame = frame + samples.length;
    return this.#detector.push(samples).map(({ atSample, correlation }: HeardChirp) => ({
      contextSeconds: (this.#firstFrame + atSample) / this.#sampleRateHz,
      correlation,
    }));
  }
}
