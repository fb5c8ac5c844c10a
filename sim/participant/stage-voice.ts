import type { SourcedFrame } from "../audio/frame-source.ts";
import { RtpPacketizer } from "../audio/rtp.ts";
import { generationOfKid, kidOf } from "../e2ee/keys/kid.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import { deriveSFrameKey } from "../e2ee/sframe/key.ts";
import { SFrameSender } from "../e2ee/sframe/sender.ts";
import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import { frameDelayMs, type SentBatch } from "../measure/sent-ledger.ts";
import { ntpFromUnixMs } from "../util/clock.ts";
import type { Histogram } from "../util/histogram.ts";
import type { Paced } from "./pacer.ts";
import { frameMs, frameTicks } from "../util/opus-frame.ts";

/** A new generation is spoken under only after this long, so that all listeners have its key by then. */
export const keyActivationMs = 1000;
/** Quieter frames are room tone: not talk. */
const silentLevelDbov = 60;

export type StageVoiceOptions = {
  streamId: string;
  participantId: string;
  seat: number;
  ssrc: number;
  /** Number of the frame that the talk begins with; the stream's RTP timestamps count from it. */
  baseFrame: number;
  /** When the base frame is due, on the monotonic clock. */
  baseDueMs: number;
  /** A frame for every 20 ms. Undefined: nothing is ever sent. */
  source: { next(): SourcedFrame } | undefined;
  suite: CipherSuiteName | undefined;
  wallOffsetMs: number;
  /** False while there is no media: frames are neither encrypted nor sent then, and the account says so. */
  canSend(): boolean;
  send(packet: Buffer): void;
  encryptCost: Histogram;
  overhead: Histogram;
};

/** What a speaker does 50 times a second: frame, encrypt, packetise, send, and keep account of it. */
export class StageVoice implements Paced {
  readonly frameZeroDueMs: number;
  readonly #options: StageVoiceOptions;
  readonly #packetizer: RtpPacketizer;
  #sender: SFrameSender | undefined;
  /** Keys to change over to, each from an instant on, in the order they came. */
  #pending: { readonly sender: SFrameSender; readonly fromMs: number }[] = [];
  #sequence = 1;
  #throughFrame: number;
  #frames: number[] = [];
  #unsentFrames: number[] = [];
  #ended = false;
  /** The last frame was speech rather than silence or room tone. */
  isSpeaking = false;
  sent = 0;
  /** Frames of speech or room tone that fell into a time without media. */
  unsent = 0;
  sentBytes = 0;
  encrypted = 0;

  constructor(options: StageVoiceOptions) {
    this.#options = options;
    this.frameZeroDueMs = options.baseDueMs - options.baseFrame * frameMs;
    this.#throughFrame = options.baseFrame - 1;
    this.#packetizer = new RtpPacketizer({ ssrc: options.ssrc, mid: "0" });
  }

  /** Speaks under this generation of the room's secret from an instant on; at once if it is the first. */
  useSecret(generation: number, secret: Uint8Array, fromMs: number): void {
    const { suite, participantId, seat } = this.#options;
    if (suite === undefined) return;
    const kid = kidOf(generation, seat);
    if (this.#generation >= generation || this.#pending.some(({ sender }) => sender.kid === kid)) return;
    const baseKey = speakerBaseKey({ secret, participantId, kid, suite });
    const sender = new SFrameSender(deriveSFrameKey({ suite, kid, baseKey }));
    if (this.#sender === undefined) this.#sender = sender;
    else this.#pending.push({ sender, fromMs });
  }

  /** -1: there is no key yet. */
  get #generation(): number {
    return this.#sender === undefined ? -1 : generationOfKid(Number(this.#sender.kid));
  }

  #changeOver(dueMs: number): void {
    const due = this.#pending.filter(({ fromMs }) => dueMs >= fromMs);
    if (due.length === 0) return;
    this.#pending = this.#pending.filter(({ fromMs }) => dueMs < fromMs);
    for (const { sender } of due) {
      // A step of a generation that we have left already is not gone back to.
      if (generationOfKid(Number(sender.kid)) > this.#generation) this.#sender = sender;
    }
  }

  /** When the frame that the talk begins with is due, on the monotonic clock: the source's first one. */
  get baseDueMs(): number {
    return this.#options.baseDueMs;
  }

  /** The first frame that is due after an instant; never before the base frame. */
  firstFrameAfter(instantMs: number): number {
    return Math.max(this.#options.baseFrame, Math.ceil((instantMs - this.frameZeroDueMs) / frameMs));
  }

  /** Goes past the frames that were due before the speaker came. */
  skipTo(frame: number): void {
    for (let skipped = this.#options.baseFrame; skipped < frame; skipped++) this.#options.source?.next();
    this.#throughFrame = frame - 1;
  }

  tick(frame: number): void {
    const { source, overhead, encryptCost } = this.#options;
    this.#throughFrame = frame;
    const next = source?.next();
    this.isSpeaking = next?.kind === "frame" && next.levelDbov < silentLevelDbov;
    if (next?.kind !== "frame") return;
    if (!this.#options.canSend()) {
      this.unsent++;
      this.#unsentFrames.push(frame);
      return;
    }
    const dueMs = this.frameZeroDueMs + frame * frameMs;
    this.#changeOver(dueMs);
    let payload: Uint8Array = next.payload;
    if (this.#sender !== undefined) {
      const beforeMs = performance.now();
      payload = this.#sender.encrypt(next.payload);
      encryptCost.observe((performance.now() - beforeMs) / 1000);
      overhead.observe(payload.length - next.payload.length);
      this.encrypted++;
    }
    const packet = this.#packetizer.packetize({
      marker: next.marker,
      sequence: this.#sequence,
      timestamp: (frame * frameTicks) >>> 0,
      audioLevelDbov: next.levelDbov,
      voiceActive: this.isSpeaking,
      captureTime: ntpFromUnixMs(dueMs - frameDelayMs + this.#options.wallOffsetMs),
      payload,
    });
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#options.send(packet);
    this.#frames.push(frame);
    this.sent++;
    this.sentBytes += packet.length;
  }

  end(): void {
    this.#ended = true;
  }

  /** The account since the last one, for the listeners' side. */
  takeSent(): SentBatch {
    const [frames, unsent] = [this.#frames, this.#unsentFrames];
    this.#frames = [];
    this.#unsentFrames = [];
    return {
      streamId: this.#options.streamId,
      frameZeroDueMs: this.frameZeroDueMs,
      throughFrame: this.#throughFrame,
      frames,
      unsent,
      ended: this.#ended,
    };
  }
}
