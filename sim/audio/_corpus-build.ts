import { setImmediate } from "node:timers/promises";
import { Application, createEncoder, Signal } from "libopus-wasm";
import { createRandom } from "../util/random.ts";
import type { Corpus, CorpusVoice, OpusFrame } from "./corpus.ts";
import {
  levelDbov,
  sampleRateHz,
  synthesizeRoomTone,
  synthesizeSpeech,
  type VoiceParameters,
} from "./speech.ts";
import { frameMs } from "../util/opus-frame.ts";

const samplesPerFrame = (frameMs * sampleRateHz) / 1000;

/** Whatever decides on the corpus's content; a corpus kept under other settings is not this one. */
export const corpusSettings = {
  /** Raise it when the synthesiser or the order of the file changes. */
  version: 1,
  opus: { complexity: 5, expectedLossPercent: 5 },
  voices: [
    { pitchHz: 98, formantScale: 0.96, speakingRate: 0.92 },
    { pitchHz: 118, formantScale: 1, speakingRate: 1.08 },
    { pitchHz: 138, formantScale: 1.03, speakingRate: 1 },
    { pitchHz: 185, formantScale: 1.13, speakingRate: 0.95 },
    { pitchHz: 208, formantScale: 1.16, speakingRate: 1.1 },
    { pitchHz: 235, formantScale: 1.2, speakingRate: 1.02 },
  ],
  utterancesMs: [400, 600, 800, 1000, 1500, 2000, 3000, 5000],
  /** Enough for the encoder to settle and for some comfort-noise updates, one every 420 ms. */
  roomToneMs: 9000,
} as const;

/** How many frames each clip has: voice by voice from short to long, then the room tone (less once it is cut for looping). */
export const framesOfClips: readonly number[] = [
  ...corpusSettings.voices.flatMap(() => corpusSettings.utterancesMs),
  corpusSettings.roomToneMs,
].map((durationMs) => durationMs / frameMs);

export type BuildOptions = {
  readonly bitrateBps: number;
  readonly onProgress: ((doneRatio: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
};

/** Synthesises and encodes all clips; gives way to the event loop after each. */
export async function buildCorpus({ bitrateBps, onProgress, signal }: BuildOptions): Promise<Corpus> {
  const clips: (readonly OpusFrame[])[] = [];
  const addClip = async (samples: Float32Array): Promise<void> => {
    clips.push(await encodeClip(samples, bitrateBps));
    onProgress?.(clips.length / framesOfClips.length);
    await setImmediate();
    signal?.throwIfAborted();
  };
  for (const voice of corpusSettings.voices) {
    for (const durationMs of corpusSettings.utterancesMs) {
      const random = createRandom(`corpus/${voice.pitchHz}/${durationMs}`);
      await addClip(synthesizeSpeech({ voice, durationMs, random }));
    }
  }
  await addClip(synthesizeRoomTone(corpusSettings.roomToneMs, createRandom("corpus/room")));
  return corpusOfClips(clips, bitrateBps);
}

/** Orders clips, as they come in {@link framesOfClips}, into a corpus. */
export function corpusOfClips(clips: readonly (readonly OpusFrame[])[], bitrateBps: number): Corpus {
  const perVoice = corpusSettings.utterancesMs.length;
  const voices = corpusSettings.voices.map((parameters: VoiceParameters, index): CorpusVoice => {
    return { parameters, utterances: clips.slice(index * perVoice, (index + 1) * perVoice) };
  });
  return { bitrateBps, voices, roomTone: loopOf(clips.at(-1) ?? []) };
}

/** Loops from the first frame that is not sent to the last update: the next round begins with a full stretch of silence. */
function loopOf(frames: readonly OpusFrame[]): Corpus["roomTone"] {
  const loopStart = frames.findIndex((frame) => !frame.sent);
  const lastUpdate = frames.findLastIndex((frame) => frame.sent);
  return { frames: frames.slice(0, lastUpdate + 1), loopStart };
}

/** Opus as all our speech is encoded: 20 ms frames, mono, with in-band FEC. */
export function speechEncoder(
  bitrateBps: number,
  { dtx }: { dtx: boolean },
): ReturnType<typeof createEncoder> {
  return createEncoder({
    channels: 1,
    sampleRate: sampleRateHz,
    application: Application.Voip,
    signal: Signal.Voice,
    bitrate: bitrateBps,
    complexity: corpusSettings.opus.complexity,
    packetLossPercent: corpusSettings.opus.expectedLossPercent,
    dtx,
    fec: true,
    frameSize: samplesPerFrame,
  });
}

/** One clip by an encoder of its own, with DTX. */
async function encodeClip(samples: Float32Array, bitrateBps: number): Promise<OpusFrame[]> {
  using encoder = await speechEncoder(bitrateBps, { dtx: true });
  const frames: OpusFrame[] = [];
  for (let at = 0; at + samplesPerFrame <= samples.length; at += samplesPerFrame) {
    const frame = samples.subarray(at, at + samplesPerFrame);
    const payload = encoder.encodeFloat(frame);
    frames.push(opusFrame(payload, levelDbov(frame)));
  }
  return frames;
}

/** libopus, `opus_encode`: a packet of at most 2 bytes does not need to be transmitted (DTX). */
export function opusFrame(payload: Uint8Array, level: number): OpusFrame {
  return { payload, levelDbov: level, sent: payload.length > 2 };
}
