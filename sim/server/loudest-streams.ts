import { performance } from "node:perf_hooks";
import type { Participant } from "./participant.ts";
import { Loudest } from "./loudest.ts";
import type { Stream } from "./stream.ts";
import type { Subscription } from "./subscription.ts";

/** Receivers are told so long before a stream is held back, so that nothing is withheld that they still expect. */
const noticeMs = 250;

type Receiver = { receiver: Participant; subscription: Subscription; consumerId: string };

type LoudestStreamsOptions = {
  /** So many streams are forwarded. */
  count: number;
  /** The room's. */
  streams: ReadonlyMap<string, Stream>;
  receivers(stream: Stream): Receiver[];
  onError(stream: Stream, error: unknown): void;
};

/** Holds back the streams of a room that are not among its loudest, and tells receivers by `streamPaused`. */
export class LoudestStreams {
  readonly #options: LoudestStreamsOptions;
  readonly #loudest: Loudest;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: LoudestStreamsOptions) {
    this.#options = options;
    this.#loudest = new Loudest(options.count);
  }

  /** A stream has come, or come back; nobody receives it yet. */
  added(stream: Stream): void {
    this.#loudest.add(stream.id, performance.now());
    stream.held = !this.#loudest.selected.has(stream.id);
  }

  removed(stream: Stream): void {
    this.#loudest.remove(stream.id, performance.now());
    this.#apply();
  }

  /** By stream id, in decibels below overload. */
  update(levels: ReadonlyMap<string, number>): void {
    this.#loudest.update(levels, performance.now());
    this.#apply();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #apply(): void {
    const { selected } = this.#loudest;
    for (const stream of this.#options.streams.values()) {
      const held = !selected.has(stream.id);
      if (held === stream.held) continue;
      stream.held = held;
      if (held) this.#hold(stream);
      else void this.#release(stream);
    }
  }

  #hold(stream: Stream): void {
    this.#tell(stream, this.#options.receivers(stream));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!stream.held) return;
      for (const { subscription } of this.#options.receivers(stream))
        void this.#set(subscription, stream, true);
    }, noticeMs);
    this.#timers.add(timer);
  }

  /** Receivers expect it from when they are told: by then it is on its way. */
  async #release(stream: Stream): Promise<void> {
    const receivers = this.#options.receivers(stream);
    await Promise.all(receivers.map(({ subscription }) => this.#set(subscription, stream, false)));
    if (!stream.held) this.#tell(stream, receivers);
  }

  /** A stream that is muted is paused to them, held or not. */
  #tell(stream: Stream, receivers: Receiver[]): void {
    if (stream.paused) return;
    for (const { receiver, consumerId } of receivers) {
      receiver.connection.event("streamPaused", { consumerId, paused: stream.held });
    }
  }

  async #set(subscription: Subscription, stream: Stream, held: boolean): Promise<void> {
    try {
      await subscription.setHeld(stream, held);
    } catch (error) {
      this.#options.onError(stream, error);
    }
  }
}
