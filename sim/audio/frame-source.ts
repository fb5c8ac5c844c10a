import type { Random } from "../util/random.ts";
import type { Corpus, OpusFrame } from "./corpus.ts";
import { frameMs } from "../util/opus-frame.ts";

/** A rest shorter than this is not worth another utterance. */
const shortestRestFrames = 10;

/** When a speaker speaks: instants from the first frame on, in order of time. */
export type Talkspurt = { readonly startMs: number; readonly durationMs: number };

export type FrameSourceOptions = {
  readonly corpus: Corpus;
  /** Index into the corpus's voices. */
  readonly voice: number;
  readonly talkspurts: readonly Talkspurt[];
  readonly random: Random;
};

/** `silence`: nothing is sent for these 20 ms (DTX). */
export type SourcedFrame =
  | {
      readonly kind: "frame";
      /** Shared with other speakers: never change it. */
      readonly payload: Uint8Array;
      /** RFC 6464: minus dBov, 0 to 127. */
      readonly levelDbov: number;
      /** First packet of a talkspurt after frames that were not sent (RFC 7587 section 4.1, RFC 3551 section 4.1). */
      readonly marker: boolean;
    }
  | { readonly kind: "silence" };

const silence: SourcedFrame = { kind: "silence" };

/**
 * A speaker's Opus, frame by frame without end: in talkspurts utterances of
 * one voice, joined at their silent ends and uncut, so that they fill a talkspurt to
 * within 0.2 s; between them room tone as DTX sends it, with its hangover and its
 * comfort-noise updates. The same seed gives the same frames.
 */
export class FrameSource {
  readonly #utterances: readonly (readonly OpusFrame[])[];
  readonly #roomTone: Corpus["roomTone"];
  readonly #talkspurts: readonly { readonly start: number; readonly end: number }[];
  readonly #random: Random;
  #frame = 0;
  #talkspurt = 0;
  /** What is being said, and how far it is. */
  #utterance: readonly OpusFrame[] = [];
  #said = 0;
  #toneAt: number;
  /** Nothing was sent for a while since the last talkspurt: the next one begins with a marker. */
  #wasSilent = true;
  #isSpeaking = false;

  /** Throws a RangeError when there is no such voice. */
  constructor({ corpus, voice, talkspurts, random }: FrameSourceOptions) {
    const found = corpus.voices[voice];
    if (found === undefined) throw new RangeError(`FrameSource: the corpus has no voice ${voice}`);
    this.#utterances = found.utterances;
    this.#roomTone = corpus.roomTone;
    this.#talkspurts = talkspurts.map(({ startMs, durationMs }) => ({
      start: Math.round(startMs / frameMs),
      end: Math.round((startMs + durationMs) / frameMs),
    }));
    this.#random = random;
    // Speakers who are silent from the start do not update their comfort noise in step.
    const { frames, loopStart } = corpus.roomTone;
    this.#toneAt = loopStart + random.integer(frames.length - loopStart);
  }

  /** The next 20 ms. */
  next(): SourcedFrame {
    if (this.#said === this.#utterance.length) this.#chooseUtterance();
    this.#frame++;
    const frame = this.#utterance[this.#said];
    if (frame === undefined) return this.#nextOfRoomTone();
    this.#said++;
    if (!frame.sent) return silence;
    const marker = this.#wasSilent;
    this.#wasSilent = false;
    return { kind: "frame", payload: frame.payload, levelDbov: frame.levelDbov, marker };
  }

  #nextOfRoomTone(): SourcedFrame {
    const { frames, loopStart } = this.#roomTone;
    const frame = frames[this.#toneAt];
    this.#toneAt = this.#toneAt + 1 < frames.length ? this.#toneAt + 1 : loopStart;
    if (frame === undefined || !frame.sent) {
      this.#wasSilent = true;
      return silence;
    }
    return { kind: "frame", payload: frame.payload, levelDbov: frame.levelDbov, marker: false };
  }

  /** At an utterance's end, and on each frame of silence: goes on, begins, or is silent. */
  #chooseUtterance(): void {
    let utterance: readonly OpusFrame[] | undefined;
    for (
      let spurt = this.#talkspurts[this.#talkspurt];
      spurt !== undefined;
      spurt = this.#talkspurts[++this.#talkspurt]
    ) {
      if (this.#frame < spurt.start) break;
      utterance = this.#fitting(spurt.end - this.#frame);
      if (utterance !== undefined) break;
    }
    if (utterance === undefined && this.#isSpeaking) this.#toneAt = 0;
    this.#isSpeaking = utterance !== undefined;
    this.#utterance = utterance ?? [];
    this.#said = 0;
  }

  /** Any utterance that fits and leaves nothing, or room for another; else the longest that fits; else the shortest, if that is near enough. */
  #fitting(restFrames: number): readonly OpusFrame[] | undefined {
    const shortest = this.#utterances[0];
    if (shortest === undefined || restFrames < shortestRestFrames) return undefined;
    // To the nearest multiple of 200 ms, which almost all utterances are.
    const rest = Math.round(restFrames / 10) * 10;
    const fitting = this.#utterances.filter(({ length }) => length <= rest);
    const inviting = fitting.filter(({ length }) => length === rest || rest - length >= shortest.length);
    if (inviting.length > 0) return this.#random.pick(inviting);
    return fitting.at(-1) ?? shortest;
  }
}
