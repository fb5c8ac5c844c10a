import type { types } from "mediasoup";
import { eventText } from "./connection.ts";
import type { Participant } from "./participant.ts";
import type { Stream } from "./stream.ts";

/** How often levels are read: mediasoup's shortest. */
const intervalMs = 250;
/** Quieter streams are silent, in decibels below overload. */
const quietestDbov = 60;
/** As many streams are told of. */
const maxTalking = 20;

type SpeakerNewsOptions = {
  /** The room's. */
  streams: ReadonlyMap<string, Stream>;
  /** Told at each reading, by stream id; undefined: nobody needs it. */
  onLevels: ((levels: ReadonlyMap<string, number>) => void) | undefined;
  onError(error: unknown): void;
};

type Observers = { levels: types.AudioLevelObserver; active: types.ActiveSpeakerObserver };

/**
 * Who is talking, and how loud: from the audio levels that speakers state in packet headers
 * (RFC 6464), which the server reads with the payload encrypted. Costs nothing until somebody wants to know.
 */
export class SpeakerNews {
  readonly #options: SpeakerNewsOptions;
  readonly #interested = new Set<Participant>();
  #observers: { router: types.Router; made: Promise<Observers> } | undefined;
  #dominant: Stream | undefined;
  #closed = false;

  constructor(options: SpeakerNewsOptions) {
    this.#options = options;
  }

  get #wanted(): boolean {
    return this.#options.onLevels !== undefined || this.#interested.size > 0;
  }

  /** Tells a participant from now on. */
  add(participant: Participant): void {
    const first = !this.#wanted;
    this.#interested.add(participant);
    if (first) for (const stream of this.#options.streams.values()) this.observe(stream);
  }

  remove(participant: Participant): void {
    this.#interested.delete(participant);
  }

  /** A stream has come, or come back. */
  observe(stream: Stream): void {
    if (!this.#wanted || stream.closed) return;
    this.#observe(stream).catch((error: unknown) => {
      if (!stream.closed && !this.#closed) this.#options.onError(error);
    });
  }

  close(): void {
    this.#closed = true;
    this.#interested.clear();
  }

  async #observe(stream: Stream): Promise<void> {
    const { producer } = stream;
    const observers = await this.#observersAt(stream.at.router);
    await Promise.all([
      observers.levels.addProducer({ producerId: producer.id }),
      observers.active.addProducer({ producerId: producer.id }),
    ]);
  }

  /** Producers of a room are all on one router; after the loss of it, on another. */
  #observersAt(router: types.Router): Promise<Observers> {
    if (this.#observers?.router !== router) this.#observers = { router, made: this.#create(router) };
    return this.#observers.made;
  }

  async #create(router: types.Router): Promise<Observers> {
    const [levels, active] = await Promise.all([
      router.createAudioLevelObserver({
        interval: intervalMs,
        maxEntries: maxTalking,
        threshold: -quietestDbov,
      }),
      router.createActiveSpeakerObserver({ interval: intervalMs }),
    ]);
    levels.on("volumes", (volumes) => {
      this.#heard(volumes);
    });
    levels.on("silence", () => {
      this.#heard([]);
    });
    active.on("dominantspeaker", ({ producer }) => {
      this.#dominant = this.#streamOf(producer);
    });
    return { levels, active };
  }

  #heard(volumes: types.AudioLevelObserverVolume[]): void {
    const levels = new Map<string, number>();
    const talking: { participantId: string; levelDbov: number }[] = [];
    for (const { producer, volume } of volumes) {
      const stream = this.#streamOf(producer);
      if (stream === undefined) continue;
      levels.set(stream.id, -volume);
      talking.push({ participantId: stream.participantId, levelDbov: -volume });
    }
    this.#options.onLevels?.(levels);
    if (this.#interested.size === 0) return;
    const dominant = this.#dominant?.closed === false ? this.#dominant.participantId : null;
    const text = eventText("speakers", { dominant, talking });
    for (const participant of this.#interested) participant.connection.tell(text);
  }

  #streamOf(producer: types.Producer): Stream | undefined {
    for (const stream of this.#options.streams.values()) if (stream.producer === producer) return stream;
    return undefined;
  }
}
