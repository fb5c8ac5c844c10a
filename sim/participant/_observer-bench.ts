/** For tests: one listener's observer, fed with packets that were never on a wire. */
import { RtpPacketizer, RtpView } from "../audio/rtp.ts";
import { Sampler } from "../measure/sampler.ts";
import { SentLedger } from "../measure/sent-ledger.ts";
import { Histogram } from "../util/histogram.ts";
import { createRandom } from "../util/random.ts";
import { ListenerObserver } from "./listener-observer.ts";
import type { Totals } from "./_observer-totals.ts";
import type { IncomingStream } from "./target.ts";
import { frameTicks } from "../util/opus-frame.ts";

export function incoming(streamId: string, ssrc: number, more: Partial<IncomingStream> = {}): IncomingStream {
  return {
    streamId,
    participantId: `of ${streamId}`,
    consumerId: `consumer of ${streamId}`,
    paused: false,
    rtpParameters: { codecs: [{ mimeType: "audio/opus", payloadType: 111 }], encodings: [{ ssrc }] },
    ...more,
  };
}

type BenchSecond = { expected: number; lost: number; late: number; mouthToEar: Histogram };

/** All streams have frame 0 due at 0 ms; every outcome is in the sample. */
export class ObserverBench {
  readonly ledger = new SentLedger();
  readonly seconds = new Map<number, BenchSecond>();
  readonly totals: Totals;
  readonly observer: ListenerObserver;
  readonly #view = new RtpView({ captureTimeId: null, audioLevelId: null });

  constructor(options: { encrypted?: boolean; runStartMs?: number } = {}) {
    this.totals = {
      runStartMs: options.runStartMs ?? 0,
      ledger: this.ledger,
      sampler: new Sampler(1, createRandom("bench")),
      mouthToEar: new Histogram(),
      pathDelay: new Histogram(),
      playoutDelay: new Histogram(),
      decryptCost: new Histogram(),
      keyGap: new Histogram(),
      decrypted: 0,
      refused: {},
      second: (number) => {
        let second = this.seconds.get(number);
        if (second === undefined) {
          second = { expected: 0, lost: 0, late: 0, mouthToEar: new Histogram() };
          this.seconds.set(number, second);
        }
        return second;
      },
    };
    this.observer = new ListenerObserver(this.totals, options.encrypted ?? false);
  }

  /** The speaker's account. */
  account(streamId: string, frames: number[], throughFrame: number, ended = false): void {
    this.ledger.record({ streamId, frameZeroDueMs: 0, frames, unsent: [], throughFrame, ended });
  }

  /** A packet of a frame comes. */
  deliver(ssrc: number, frame: number, atMs: number, payload: Uint8Array = Uint8Array.of(1)): void {
    const packet = new RtpPacketizer({ ssrc, mid: "0" }).packetize({
      marker: false,
      sequence: frame,
      timestamp: frame * frameTicks,
      audioLevelDbov: 30,
      captureTime: { seconds: 0, fraction: 0 },
      payload,
    });
    if (!this.#view.parse(packet)) throw new Error("not RTP");
    this.observer.arrive(this.#view, packet, atMs);
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
