import { createRandom } from "../util/random.ts";
import { frameMs, frameTicks } from "../util/opus-frame.ts";
import { opusFrame, speechEncoder } from "./_corpus-build.ts";
import { chirp, chirpWaveform } from "./chirp.ts";
import type { OpusFrame } from "./corpus.ts";
import type { SourcedFrame } from "./frame-source.ts";
import { levelDbov, sampleRateHz, synthesizeRoomTone } from "./speech.ts";

/** By then the encoder, which goes on from frame to frame, has settled: one period is like the next. */
const settledPeriods = 2;

/** A period of a quiet room with one chirp in it, in samples from -1 to 1. */
export function chirpPeriod(): Float32Array {
  const samples = synthesizeRoomTone(chirp.periodMs, createRandom("chirp/room"));
  const start = (chirp.startMs * sampleRateHz) / 1000;
  chirpWaveform(sampleRateHz).forEach((sample, index) => {
    samples[start + index] = (samples[start + index] ?? 0) + sample;
  });
  return samples;
}

/** One period in Opus, without DTX, so that the stream never stops; said again and again it goes on without a seam. */
export async function encodeChirps(bitrateBps: number): Promise<OpusFrame[]> {
  using encoder = await speechEncoder(bitrateBps, { dtx: false });
  const samples = chirpPeriod();
  const frames: OpusFrame[] = [];
  for (let period = 0; period <= settledPeriods; period++) {
    frames.length = 0;
    for (let at = 0; at < samples.length; at += frameTicks) {
      const frame = samples.subarray(at, at + frameTicks);
      frames.push(opusFrame(encoder.encodeFloat(frame), levelDbov(frame)));
    }
  }
  return frames;
}

/** A speaker's Opus, frame by frame without end: a chirp in each period. */
export class ChirpSource {
  readonly #frames: readonly OpusFrame[];
  #next = 0;

  /** `frames`: one period, of {@link encodeChirps}. */
  constructor(frames: readonly OpusFrame[]) {
    if (frames.length === 0) throw new RangeError("ChirpSource: there are no frames");
    this.#frames = frames;
  }

  /** When the first chirp begins at the speaker's mouth: a frame is due on the wire once its last sample is captured. */
  static firstChirpMs(firstFrameDueMs: number): number {
    return firstFrameDueMs - frameMs + chirp.startMs;
  }

  /** The next 20 ms. */
  next(): SourcedFrame {
    const frame = this.#frames[this.#next % this.#frames.length] as OpusFrame;
    const marker = this.#next++ === 0;
    return { kind: "frame", payload: frame.payload, levelDbov: frame.levelDbov, marker };
  }
}
