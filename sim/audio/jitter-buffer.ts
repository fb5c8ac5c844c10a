import { frameMs } from "../util/opus-frame.ts";

/** The histogram of relative delays: 100 buckets of 20 ms. */
const bucketCount = 100;
const bucketMs = 20;
const rangeMs = bucketCount * bucketMs;
/** What one observation leaves of the weight of all before it. */
const forgettingFactor = 0.983;
const quantile = 0.95;
const startDelayMs = 80;

/** Time-stretching moves playout by at most 2 ms a 20 ms frame. */
const stretchRatio = 2 / frameMs;
/** A longer hole in the capture times is silence (DTX sends nothing for 400 ms): playout is set anew after it. */
const silenceMs = 200;

/** The minimum of the last 2 s is kept as minima of 16 slots (a power of two) of 125 ms. */
const slotCount = 16;
const slotMask = slotCount - 1;
const slotMs = 125;

/** So many packets in a row from beyond the histogram's range mean that a clock jumped. */
const strayLimit = 5;
/** Before the weights grow past what a Float32 adds up well. */
const largestWeight = 1e6;

/**
 * A model of the adaptive jitter buffer of WebRTC (NetEQ): it says when each
 * frame of one stream is played at one listener, and which come too late.
 *
 * As in NetEQ's delay manager, a packet's relative delay (its transit time less
 * the least of the last 2 s) goes into a histogram that forgets by 0.983 a
 * packet; the target is the upper edge of the bucket that holds its 0.95
 * quantile, 20 ms at the least, and 80 ms before anything is known. Playout
 * moves towards the target by at most 2 ms a frame (time-stretching), freely
 * across silence, after which the first packet is never late. A late packet was concealed; since concealment makes time, it
 * lets playout slip by its lateness, a frame at most, so that a burst does not
 * make more late packets than NetEQ would conceal.
 *
 * Limits. It counts every packet, NetEQ by default the worst of each 500 ms,
 * which holds longer and forgets later; NetEQ stretches by whole pitch periods
 * and only outside a dead band around its target; its buffer is unlimited; a
 * packet out of order is weighed like any other; clock drift is followed like delay.
 *
 * All instants are milliseconds on one clock. Duplicates are for the caller to leave out.
 */
export class JitterBuffer {
  /** When the packet that arrived last is played, or should have been. */
  playoutMs = 0;
  /** Whether it arrived after that. */
  late = false;

  readonly #weights = new Float32Array(bucketCount);
  #totalWeight = 0;
  /** The weight of the next packet: growing it by 1 / 0.983 is the same as shrinking all others by 0.983. */
  #weight = 1;
  #targetMs = startDelayMs;

  readonly #slotMinimaMs = new Float64Array(slotCount);
  #slot = 0;
  #leastTransitMs = 0;

  /** Playout instant less capture instant. */
  #lagMs = 0;
  #newestCaptureMs = 0;
  #newestPlayoutMs = 0;
  #strays = 0;
  #started = false;

  /** How long the histogram would hold the fastest packet. */
  get targetDelayMs(): number {
    return this.#targetMs;
  }

  /**
   * Takes a packet whose frame's first sample was captured at `captureMs`.
   * Fills `playoutMs` and `late` and returns how long the packet waits for its
   * playout, in ms: negative when it is late, by how much.
   */
  arrive(captureMs: number, arrivalMs: number, isNewTalkspurt: boolean): number {
    const transitMs = arrivalMs - captureMs;
    if (!this.#started || transitMs < this.#leastTransitMs - rangeMs) {
      // None can be faster by two seconds than all before it: the clock was set.
      this.#restart(captureMs, arrivalMs);
      return this.#judge(captureMs, arrivalMs);
    }
    if (transitMs > this.#leastTransitMs + rangeMs) {
      const waitMs = this.#judge(captureMs, arrivalMs);
      if (++this.#strays >= strayLimit) this.#restart(captureMs, arrivalMs);
      return waitMs;
    }
    this.#strays = 0;
    this.#observe(transitMs, arrivalMs);
    const sinceNewestMs = captureMs - this.#newestCaptureMs;
    if (sinceNewestMs <= 0) return this.#judge(captureMs, arrivalMs);
    this.#adapt(sinceNewestMs, transitMs, isNewTalkspurt);
    const waitMs = this.#judge(captureMs, arrivalMs);
    this.#newestCaptureMs = captureMs;
    this.#newestPlayoutMs = this.playoutMs;
    if (waitMs < 0) this.#lagMs += Math.min(-waitMs, frameMs);
    return waitMs;
  }

  #judge(captureMs: number, arrivalMs: number): number {
    this.playoutMs = captureMs + this.#lagMs;
    const waitMs = this.playoutMs - arrivalMs;
    this.late = waitMs < 0;
    return waitMs;
  }

  /** Brings playout nearer to its target; `elapsedMs` were captured since the newest frame. */
  #adapt(elapsedMs: number, transitMs: number, isNewTalkspurt: boolean): void {
    const targetLagMs = this.#leastTransitMs + this.#targetMs;
    if (isNewTalkspurt || elapsedMs >= silenceMs) {
      // What is still to be played of the last talkspurt is not cut short; a late first packet lengthens the silence.
      const earliestLagMs = this.#newestPlayoutMs + frameMs - this.#newestCaptureMs - elapsedMs;
      this.#lagMs = Math.max(targetLagMs, earliestLagMs, transitMs);
      return;
    }
    const stepMs = elapsedMs * stretchRatio;
    this.#lagMs += Math.max(-stepMs, Math.min(stepMs, targetLagMs - this.#lagMs));
  }

  #observe(transitMs: number, arrivalMs: number): void {
    this.#updateLeastTransit(transitMs, arrivalMs);
    const bucket = Math.min(bucketCount - 1, Math.floor((transitMs - this.#leastTransitMs) / bucketMs));
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + this.#weight;
    this.#totalWeight += this.#weight;
    this.#weight /= forgettingFactor;
    if (this.#weight > largestWeight) this.#rescale();
    let rest = quantile * this.#totalWeight;
    let index = -1;
    while (rest > 0 && index < bucketCount - 1) rest -= this.#weights[++index] ?? 0;
    this.#targetMs = (index + 1) * bucketMs;
  }

  #rescale(): void {
    this.#totalWeight = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const weight = (this.#weights[bucket] ?? 0) / this.#weight;
      this.#weights[bucket] = weight;
      this.#totalWeight += weight;
    }
    this.#weight = 1;
  }

  #updateLeastTransit(transitMs: number, arrivalMs: number): void {
    const slot = Math.floor(arrivalMs / slotMs);
    if (slot > this.#slot) {
      // Slots that went by without a packet hold nothing.
      const from = Math.max(this.#slot + 1, slot - slotCount + 1);
      for (let empty = from; empty <= slot; empty++) this.#slotMinimaMs[empty & slotMask] = Infinity;
      this.#slot = slot;
      this.#slotMinimaMs[slot & slotMask] = transitMs;
      this.#leastTransitMs = Infinity;
      for (const leastMs of this.#slotMinimaMs) {
        if (leastMs < this.#leastTransitMs) this.#leastTransitMs = leastMs;
      }
      return;
    }
    // An arrival clock that steps back a little goes on in the newest slot.
    const index = this.#slot & slotMask;
    if (transitMs < (this.#slotMinimaMs[index] ?? Infinity)) this.#slotMinimaMs[index] = transitMs;
    if (transitMs < this.#leastTransitMs) this.#leastTransitMs = transitMs;
  }

  #restart(captureMs: number, arrivalMs: number): void {
    this.#started = true;
    this.#strays = 0;
    this.#weights.fill(0);
    this.#totalWeight = 0;
    this.#weight = 1;
    this.#slotMinimaMs.fill(Infinity);
    this.#slot = Math.floor(arrivalMs / slotMs);
    const transitMs = arrivalMs - captureMs;
    this.#leastTransitMs = transitMs;
    this.#slotMinimaMs[this.#slot & slotMask] = transitMs;
    this.#targetMs = startDelayMs;
    this.#lagMs = transitMs + startDelayMs;
    this.#newestCaptureMs = captureMs;
    this.#newestPlayoutMs = captureMs + this.#lagMs;
  }
}
