import { JitterBuffer } from "../audio/jitter-buffer.ts";
import type { RtpView } from "../audio/rtp.ts";
import type { SFrameKey } from "../e2ee/sframe/key.ts";
import { frameDelayMs, type SentStream } from "../measure/sent-ledger.ts";
import { StreamObserver } from "../measure/stream-observer.ts";
import { Histogram } from "../util/histogram.ts";
import { FrameOpener, type FrameRefusal, type ObserverKeys } from "./_frame-opener.ts";
import type { Totals } from "./_observer-totals.ts";
import { KeyGap } from "./key-gap.ts";
import {
  zeroCounts,
  type ListenerCounts,
  type ListenerDigest,
  type SampledOutcome,
} from "./listener-engine.ts";
import type { IncomingStream } from "./target.ts";
import { frameTicks } from "../util/opus-frame.ts";

/** A stream that the speaker sends but the server does not bring counts as lost after this long. */
export const missingStreamGraceMs = 2000;
/** A first key that comes within this time of the connection is part of joining: frames are expected from then on. Later, from the connection on. */
export const firstKeyGraceMs = 1000;
/** Who heard nothing is deaf once so many packets were sent in their presence, the grace period left out: a second's worth. */
const deafAfterPackets = 50;
/** So many arrivals of a stream wait for its speaker's account: 10 s, where it comes ten times a second. */
const mostHeld = 500;
/** Decryption is timed in one frame of so many. */
const timedShare = 16;

/** A packet that came, as far as it matters later. */
type Arrival = {
  readonly frame: number;
  readonly marker: boolean;
  readonly atMs: number;
  readonly opened: boolean;
};

type ObservedStream = {
  readonly streamId: string;
  /** Undefined for a stream that the server does not bring. */
  participantId: string | undefined;
  readonly observer: StreamObserver;
  readonly jitterBuffer: JitterBuffer;
  /** Undefined until the speaker's account of it comes in. */
  sent: SentStream | undefined;
  /** What came before that account. */
  held: Arrival[];
  paused: boolean;
  /** Undefined without encryption, and once nothing more is expected. */
  keyGap: KeyGap | undefined;
};

/** All streams at one listener: counts, delays, keys. Fed packet by packet, settled second by second. */
export class ListenerObserver {
  readonly mouthToEar = new Histogram();
  readonly counts = zeroCounts();
  readonly #totals: Totals;
  readonly #opener: FrameOpener | undefined;
  readonly #bySsrc = new Map<number, ObservedStream>();
  readonly #byStreamId = new Map<string, ObservedStream>();
  readonly #byConsumerId = new Map<string, { ssrc: number; stream: ObservedStream }>();
  readonly #tally = { expected: 0, lost: 0 };
  #connectedAtMs = Infinity;
  /** Connected without a key, and not yet for too long: what came is not judged. */
  #awaitsKey = false;
  /** Nothing that was due before is expected. */
  #expectedFromMs = -Infinity;
  #closedAtMs = Infinity;
  #firstSoundMs: number | null = null;
  /** Packets sent in this listener's presence before its first sound, whatever the server made of them. */
  #unheard = 0;
  #digested: ListenerCounts = zeroCounts();
  #samples: SampledOutcome[] = [];
  #unsettledSecond: number | undefined;
  #untilTimed = timedShare;

  /** `keys`: for KIDs that nobody gave. */
  constructor(totals: Totals, encrypted: boolean, keys?: ObserverKeys) {
    this.#totals = totals;
    this.#opener = encrypted ? new FrameOpener(keys) : undefined;
  }

  /** From now on what speakers send is expected here. */
  connected(nowMs: number): void {
    this.#connectedAtMs = nowMs;
    this.#unsettledSecond = this.#secondOf(nowMs);
    for (const stream of this.#byStreamId.values()) if (!stream.paused) this.#expect(stream, nowMs);
    this.#awaitsKey = this.#opener?.hasKeys === false;
  }

  /** The first key is there, or is given up: frames due before `fromMs` are not expected, what came meanwhile is judged. */
  #stopAwaitingKey(fromMs: number): void {
    this.#awaitsKey = false;
    this.#expectedFromMs = fromMs;
    for (const stream of this.#byStreamId.values()) {
      stream.observer.expectFrom(fromMs);
      if (stream.sent !== undefined) this.#judgeHeld(stream, stream.sent);
    }
  }

  /** Whoever waits too long for the first key should have heard from the beginning. */
  #giveUpKey(nowMs: number): void {
    if (this.#awaitsKey && nowMs > this.#connectedAtMs + firstKeyGraceMs) this.#stopAwaitingKey(-Infinity);
  }

  /** The connection is gone and another will come: streams are expected on, their consumers will be others. */
  reconnecting(): void {
    this.#bySsrc.clear();
    this.#byConsumerId.clear();
  }

  /** From now on nothing is expected any more. */
  closed(nowMs: number): void {
    if (this.#closedAtMs !== Infinity) return;
    this.#giveUpKey(nowMs);
    if (this.#awaitsKey) this.#stopAwaitingKey(nowMs);
    this.#closedAtMs = nowMs;
    for (const stream of this.#byStreamId.values()) {
      stream.observer.close(nowMs);
      stream.keyGap?.end(this.#totals.keyGap);
      stream.keyGap = undefined;
    }
  }

  get closedAtMs(): number {
    return this.#closedAtMs;
  }

  addStream(stream: IncomingStream, nowMs: number): void {
    const ssrc = stream.rtpParameters.encodings?.[0]?.ssrc;
    if (ssrc === undefined || this.#byConsumerId.has(stream.consumerId)) return;
    const observed = this.#byStreamId.get(stream.streamId) ?? this.#observe(stream.streamId);
    observed.participantId = stream.participantId;
    observed.paused = stream.paused;
    if (stream.paused) observed.observer.close(nowMs);
    else this.#expect(observed, nowMs);
    this.#bySsrc.set(ssrc, observed);
    this.#byConsumerId.set(stream.consumerId, { ssrc, stream: observed });
  }

  /** Nothing is expected of it for the grace period; a speaker who still sends after it is not heard, and that is loss. */
  removeStream(consumerId: string, nowMs: number): void {
    const found = this.#byConsumerId.get(consumerId);
    if (found === undefined) return;
    // What is on its way still finds its stream by SSRC.
    this.#byConsumerId.delete(consumerId);
    found.stream.observer.close(nowMs);
    if (this.#connectedAtMs === Infinity) this.#byStreamId.delete(found.stream.streamId);
    else this.#expect(found.stream, nowMs + missingStreamGraceMs);
  }

  pauseStream(consumerId: string, paused: boolean, nowMs: number): void {
    const found = this.#byConsumerId.get(consumerId);
    if (found === undefined) return;
    found.stream.paused = paused;
    if (paused) found.stream.observer.close(nowMs);
    else this.#expect(found.stream, nowMs);
  }

  #expect(stream: ObservedStream, fromMs: number): void {
    if (this.#connectedAtMs !== Infinity && this.#closedAtMs === Infinity) stream.observer.open(fromMs);
  }

  /** `participantId`: the speaker, on whose stream alone it opens frames. Default: on any. */
  addKey(key: SFrameKey, nowMs: number, participantId?: string): void {
    this.#opener?.addKey(key, participantId);
    this.#giveUpKey(nowMs);
    if (this.#awaitsKey) this.#stopAwaitingKey(nowMs);
  }

  dropKeys(generation: number): void {
    this.#opener?.dropKeys(generation);
  }

  /** One RTP packet, parsed into `rtp`. */
  arrive(rtp: RtpView, packet: Buffer, nowMs: number): void {
    const stream = this.#bySsrc.get(rtp.ssrc);
    if (stream === undefined) {
      this.counts.edge++;
      return;
    }
    const frame = Math.floor(rtp.timestamp / frameTicks);
    if (!stream.observer.arrive(frame)) {
      this.counts.duplicate++;
      return;
    }
    const refusal = this.#decrypt(stream, rtp, packet);
    stream.keyGap?.arrive(frame, rtp.marker, refusal === "unknown-key", this.#totals.keyGap);
    const arrival = { frame, marker: rtp.marker, atMs: nowMs, opened: refusal === null };
    const sent = this.#accountOf(stream);
    if (sent !== undefined && !this.#awaitsKey) {
      this.#judge(stream, sent, arrival);
      return;
    }
    // Until the account or the first key comes it is counted for no window.
    this.counts.edge++;
    if (stream.held.length < mostHeld) stream.held.push(arrival);
  }

  /** The speaker's account of a stream; when it is first there, what came before it is judged. */
  #accountOf(stream: ObservedStream): SentStream | undefined {
    if (stream.sent !== undefined) return stream.sent;
    const sent = this.#totals.ledger.streams.get(stream.streamId);
    if (sent === undefined) return undefined;
    stream.sent = sent;
    if (!this.#awaitsKey) this.#judgeHeld(stream, sent);
    return sent;
  }

  #judgeHeld(stream: ObservedStream, sent: SentStream): void {
    this.counts.edge -= stream.held.length;
    for (const arrival of stream.held) this.#judge(stream, sent, arrival);
    stream.held = [];
  }

  #judge(stream: ObservedStream, sent: SentStream, arrival: Arrival): void {
    if (!stream.observer.isExpected(sent, arrival.frame)) {
      this.counts.edge++;
    } else if (!arrival.opened) {
      this.counts.refused++;
      if (this.#totals.sampler.draw()) this.#samples.push("refused");
    } else {
      this.#play(stream.jitterBuffer, arrival.marker, sent.dueMs(arrival.frame), arrival.atMs);
    }
  }

  #play(jitterBuffer: JitterBuffer, marker: boolean, dueMs: number, nowMs: number): void {
    const captureMs = dueMs - frameDelayMs;
    this.#totals.pathDelay.observe((nowMs - dueMs) / 1000);
    jitterBuffer.arrive(captureMs, nowMs, marker);
    const second = this.#totals.second(this.#secondOf(dueMs));
    if (jitterBuffer.late) {
      this.counts.late++;
      second.late++;
      if (this.#totals.sampler.draw()) this.#samples.push("late");
      return;
    }
    const mouthToEarMs = jitterBuffer.playoutMs - captureMs;
    this.#totals.playoutDelay.observe((jitterBuffer.playoutMs - nowMs) / 1000);
    this.mouthToEar.observe(mouthToEarMs / 1000);
    second.mouthToEar.observe(mouthToEarMs / 1000);
    this.#totals.mouthToEar.observe(mouthToEarMs / 1000);
    this.#firstSoundMs ??= jitterBuffer.playoutMs - this.#connectedAtMs;
    if (this.#totals.sampler.draw()) this.#samples.push(mouthToEarMs);
  }

  /** Why the frame was refused, if it was: it is counted by cause and never played. */
  #decrypt(stream: ObservedStream, rtp: RtpView, packet: Buffer): FrameRefusal | null {
    if (this.#opener === undefined) return null;
    const payload = packet.subarray(rtp.payloadStart, rtp.payloadEnd);
    const timed = --this.#untilTimed === 0;
    const beforeMs = timed ? performance.now() : 0;
    const refusal = this.#opener.refusal(payload, stream.participantId);
    if (timed) {
      this.#untilTimed = timedShare;
      this.#totals.decryptCost.observe((performance.now() - beforeMs) / 1000);
    }
    if (refusal === null) {
      this.#totals.decrypted++;
      return null;
    }
    this.#totals.refused[refusal] = (this.#totals.refused[refusal] ?? 0) + 1;
    return refusal;
  }

  /** Settles all that was due before an instant; called with instants that grow. */
  settle(beforeMs: number): void {
    if (this.#unsettledSecond === undefined) return;
    this.#giveUpKey(beforeMs);
    if (this.#awaitsKey) return;
    this.#noticeMissingStreams();
    const lastSecond = Math.ceil((beforeMs - this.#totals.runStartMs) / 1000);
    for (; this.#unsettledSecond < lastSecond; this.#unsettledSecond++) {
      this.#settleSecond(this.#unsettledSecond);
    }
  }

  /** Not one frame could be played, though speakers sent for a second or more; known once all is settled. */
  get deaf(): boolean {
    return this.#firstSoundMs === null && this.#unheard >= deafAfterPackets;
  }

  #settleSecond(number: number): void {
    this.#tally.expected = 0;
    this.#tally.lost = 0;
    const endMs = this.#totals.runStartMs + (number + 1) * 1000;
    if (this.#firstSoundMs === null) {
      const fromMs = Math.max(endMs - 1000, this.#connectedAtMs + missingStreamGraceMs);
      this.#unheard += this.#totals.ledger.sentBetween(fromMs, Math.min(endMs, this.#closedAtMs));
    }
    for (const stream of this.#byStreamId.values()) {
      if (stream.sent !== undefined) stream.observer.settle(stream.sent, endMs, this.#tally);
    }
    if (this.#tally.expected === 0) return;
    const second = this.#totals.second(number);
    second.expected += this.#tally.expected;
    second.lost += this.#tally.lost;
    this.counts.expected += this.#tally.expected;
    this.counts.lost += this.#tally.lost;
    this.counts.received += this.#tally.expected - this.#tally.lost;
    for (let n = this.#totals.sampler.drawOf(this.#tally.lost); n > 0; n--) this.#samples.push("lost");
  }

  #noticeMissingStreams(): void {
    for (const sent of this.#totals.ledger.streams.values()) {
      const known = this.#byStreamId.get(sent.streamId);
      if (known !== undefined) {
        this.#accountOf(known);
        continue;
      }
      const missed = this.#observe(sent.streamId);
      missed.observer.open(Math.max(this.#connectedAtMs, sent.dueMs(sent.firstFrame)) + missingStreamGraceMs);
      if (this.#closedAtMs !== Infinity) missed.observer.close(this.#closedAtMs);
    }
  }

  #observe(streamId: string): ObservedStream {
    const stream: ObservedStream = {
      streamId,
      participantId: undefined,
      observer: new StreamObserver(),
      jitterBuffer: new JitterBuffer(),
      sent: this.#totals.ledger.streams.get(streamId),
      held: [],
      paused: false,
      keyGap: this.#opener === undefined || this.#closedAtMs !== Infinity ? undefined : new KeyGap(),
    };
    stream.observer.expectFrom(this.#expectedFromMs);
    this.#byStreamId.set(streamId, stream);
    return stream;
  }

  takeDigest(): ListenerDigest {
    const counts = zeroCounts();
    for (const key of Object.keys(counts) as (keyof ListenerCounts)[]) {
      counts[key] = this.counts[key] - this.#digested[key];
    }
    this.#digested = { ...this.counts };
    const samples = this.#samples;
    this.#samples = [];
    return { counts, samples, firstSoundMs: this.#firstSoundMs };
  }

  #secondOf(instantMs: number): number {
    return Math.floor((instantMs - this.#totals.runStartMs) / 1000);
  }
}
