import { describe, expect, test } from "vitest";
import { chirpWaveform } from "../audio/chirp.ts";
import { Quanta } from "./heard-quanta.ts";

const rateHz = 48_000;
const quantum = 128;

/** Chirps that begin at these frames of the context, in blocks as a worklet gets them, but for those left out. */
function hear(chirpFrames: readonly number[], from: number, isLeftOut: (block: number) => boolean): number[] {
  const sound = new Float32Array(3 * rateHz);
  const waveform = chirpWaveform(rateHz);
  for (const frame of chirpFrames) sound.set(waveform, frame - from);
  const quanta = new Quanta(rateHz);
  const heard: number[] = [];
  for (let block = 0; block < sound.length / quantum; block++) {
    if (isLeftOut(block)) continue;
    const samples = sound.subarray(block * quantum, (block + 1) * quantum);
    for (const { contextSeconds } of quanta.push(from + block * quantum, samples))
      heard.push(Math.round(contextSeconds * rateHz));
  }
  return heard;
}

describe("chirps in the time of an audio context", () => {
  test("count from the context's beginning, not from the worklet's", () => {
    const from = 1000 * quantum;
    expect(hear([from + 20_000, from + 70_001], from, () => false)).toEqual([from + 20_000, from + 70_001]);
  });

  test("are not earlier for blocks that went by before them", () => {
    expect(hear([20_000, 70_001], 0, (block) => block >= 10 && block < 40)).toEqual([20_000, 70_001]);
  });
});
