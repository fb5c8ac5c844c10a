/**
 * What the speakers really sent, frame by frame, as known at the listeners'
 * side. A frame's number is its RTP timestamp divided by 960 (20 ms at 48 kHz):
 * mediasoup and other SFUs leave timestamps as they are, so the number is the
 * same at both ends. Frames are kept as bits in a ring.
 */

import { frameMs } from "../util/opus-frame.ts";

/** A sender's frame is complete 20 ms after its first sample, plus Opus's look-ahead (RFC 6716 section 2.1.4): due on the wire. */
export const frameDelayMs = 26.5;

/** How many frames back the rings reach: 1024 frames are 20.48 s. A power of two. */
export const ringFrames = 1024;
const ringWords = ringFrames / 32;

/** Sent by a speaker's process ten times a second or so. */
export type SentBatch = {
  streamId: string;
  /** When frame 0 would have been due on the wire, on the machine's monotonic clock. */
  frameZeroDueMs: number;
  /** All that was sent up to and including this frame is known once this batch is. */
  throughFrame: number;
  /** Numbers of the frames sent since the last batch, ascending. */
  frames: number[];
  /** Those that were to be sent since, and had no media to go over: listeners are to have heard them too. Ascending. */
  unsent: number[];
  /** The stream sends no more. */
  ended: boolean;
};

/** A ring of bits, one a frame. Bits of frames that the ring has left behind are gone. */
export class FrameRing {
  readonly #words = new Uint32Array(ringWords);
  /** The newest word's number (frame >>> 5), -1 before the first. */
  #newest = -1;

  /** False if the frame was set already, or is older than the ring reaches. */
  set(frame: number): boolean {
    const word = frame >>> 5;
    if (word > this.#newest) this.#advance(word);
    else if (word <= this.#newest - ringWords) return false;
    const bit = 1 << (frame & 31);
    const slot = word & (ringWords - 1);
    const present = this.#words[slot] as number;
    if ((present & bit) !== 0) return false;
    this.#words[slot] = present | bit;
    return true;
  }

  /** 32 frames from `word * 32` on, the lowest bit first; zero outside of the ring. */
  word(word: number): number {
    if (word > this.#newest || word <= this.#newest - ringWords) return 0;
    return this.#words[word & (ringWords - 1)] as number;
  }

  #advance(word: number): void {
    if (this.#newest < 0 || word - this.#newest >= ringWords) this.#words.fill(0);
    else for (let next = this.#newest + 1; next <= word; next++) this.#words[next & (ringWords - 1)] = 0;
    this.#newest = word;
  }
}

export class SentStream {
  readonly streamId: string;
  readonly frameZeroDueMs: number;
  readonly firstFrame: number;
  /** Frames that were due, sent or not. */
  readonly sent = new FrameRing();
  throughFrame: number;
  ended = false;

  constructor(batch: SentBatch) {
    this.streamId = batch.streamId;
    this.frameZeroDueMs = batch.frameZeroDueMs;
    const { frames, unsent, throughFrame } = batch;
    this.firstFrame = Math.min(frames[0] ?? Infinity, unsent[0] ?? Infinity, throughFrame + 1);
    this.throughFrame = batch.throughFrame;
  }

  /** When a frame was to be sent, on the monotonic clock. */
  dueMs(frame: number): number {
    return this.frameZeroDueMs + frame * frameMs;
  }

  /** The first frame due at or after an instant. */
  frameAt(instantMs: number): number {
    return Math.ceil((instantMs - this.frameZeroDueMs) / frameMs);
  }
}

export class SentLedger {
  readonly streams = new Map<string, SentStream>();

  record(batch: SentBatch): void {
    let stream = this.streams.get(batch.streamId);
    if (stream === undefined) {
      stream = new SentStream(batch);
      this.streams.set(batch.streamId, stream);
    }
    for (const frame of batch.frames) stream.sent.set(frame);
    for (const frame of batch.unsent) stream.sent.set(frame);
    stream.throughFrame = batch.throughFrame;
    stream.ended = batch.ended;
  }

  /** How many packets were sent, or to be sent, that were due in a stretch of time, over all streams; of what the rings still hold. */
  sentBetween(fromMs: number, toMs: number): number {
    let sum = 0;
    for (const stream of this.streams.values()) {
      const end = stream.frameAt(toMs);
      for (let frame = Math.max(0, stream.frameAt(fromMs)); frame < end; frame++) {
        sum += (stream.sent.word(frame >>> 5) >>> (frame & 31)) & 1;
      }
    }
    return sum;
  }

  /** True once everything that was due before an instant is known. */
  isCompleteBefore(instantMs: number): boolean {
    for (const stream of this.streams.values()) {
      if (!stream.ended && stream.dueMs(stream.throughFrame + 1) < instantMs) return false;
    }
    return true;
  }
}

/** The number of bits set in a 32-bit word. */
export function popCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bits, 0x01010101) >>> 24;
}
