import { setImmediate } from "node:timers/promises";
import type { types } from "mediasoup";
import type { StreamDescription } from "../protocol/signalling.ts";
import type { ServerEvents } from "./events.ts";
import { LoudestStreams } from "./loudest-streams.ts";
import { isWorkerGone, MediaTransport } from "./media.ts";
import { offeredCapabilities } from "./media-parameters.ts";
import type { ServerSettings } from "./options.ts";
import type { Participant } from "./participant.ts";
import { RoomRouters } from "./room-routers.ts";
import { SpeakerNews } from "./speaker-news.ts";
import { Stream } from "./stream.ts";
import { Subscription } from "./subscription.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** A change goes to so many receivers at a time; the event loop gets its turn in between. */
const deliveryBatch = 32;
/** A worker may die while a transport is made on it; there is another. */
const openAttempts = 3;

type RoomMediaOptions = {
  roomId: string;
  /** The room's own map: who is in it now. */
  participants: ReadonlyMap<string, Participant>;
  pool: WorkerPool;
  settings: ServerSettings["media"];
  events: ServerEvents;
};

type OpenOptions = Pick<
  Parameters<typeof MediaTransport.open>[0],
  "direction" | "dtlsParameters" | "onState"
>;

/**
 * All media of a room: its routers, transports, streams and who receives them. Media
 * that is lost with a worker leaves participants and streams where they are;
 * each whose transport is gone is told by `mediaRestart`.
 */
export class RoomMedia {
  /** What participants are told that they may send and receive. */
  readonly capabilities: types.RtpCapabilities;
  /** What is on the stage, by stream id; those whose media is lost among them. */
  readonly streams = new Map<string, Stream>();
  readonly #options: RoomMediaOptions;
  readonly #routers: RoomRouters;
  readonly #loudest: LoudestStreams | undefined;
  readonly #news: SpeakerNews;
  #closed = false;

  private constructor(options: RoomMediaOptions, routers: RoomRouters, capabilities: types.RtpCapabilities) {
    this.#options = options;
    this.#routers = routers;
    this.capabilities = capabilities;
    const { maxForwardedStreams } = options.settings;
    if (maxForwardedStreams > 0) {
      this.#loudest = new LoudestStreams({
        count: maxForwardedStreams,
        streams: this.streams,
        receivers: (stream) => this.#receiversOf(stream),
        onError: (stream, error) => {
          this.#notDelivered(stream.participantId, stream, error);
        },
      });
    }
    this.#news = new SpeakerNews({
      streams: this.streams,
      onLevels: this.#loudest === undefined ? undefined : (levels) => this.#loudest?.update(levels),
      onError: (error) => {
        if (!this.#closed) options.events.serverFault("observing levels", error);
      },
    });
  }

  /** Rejects when no media worker comes to life in time. */
  static async create(options: RoomMediaOptions): Promise<RoomMedia> {
    const { pool, settings } = options;
    const routers = new RoomRouters({ pool, ...settings });
    const { router, mediaWorker } = await routers.home();
    options.events.roomOpened(options.roomId, mediaWorker.index);
    return new RoomMedia(options, routers, offeredCapabilities(router.rtpCapabilities));
  }

  /** A transport that is nobody's yet: senders at home, receivers where there is room. */
  async openTransport(options: OpenOptions): Promise<MediaTransport> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#openTransport(options);
      } catch (error) {
        if (attempt === openAttempts || this.#closed || !isWorkerGone(error)) throw error;
      }
    }
  }

  async #openTransport(options: OpenOptions): Promise<MediaTransport> {
    const { events } = this.#options;
    if (options.direction === "send") {
      return MediaTransport.open({ ...options, events, at: await this.#routers.home() });
    }
    const { maxForwardedStreams } = this.#options.settings;
    // Those on the stage who have not published yet will.
    const streams = Math.max(this.streams.size, this.#stageSize);
    return this.#routers.place(
      maxForwardedStreams === 0 ? streams : Math.min(streams, maxForwardedStreams),
      (at) => MediaTransport.open({ ...options, events, at }),
    );
  }

  /** Makes a transport the participant's own; what goes over it ends with it. */
  attach(participant: Participant, transport: MediaTransport): void {
    participant.setTransport(transport);
    const detach = (): void => {
      if (participant.subscription?.transport === transport) participant.subscription = undefined;
      const wasItsOwn = participant.forgetTransport(transport);
      if (!transport.lost) {
        // A replaced transport's streams are closed by mediasoup; those of a newer one are not.
        if (transport.direction === "send") this.dropLost(participant);
        return;
      }
      // Only once all that went with the worker is known to be gone.
      queueMicrotask(() => {
        this.#lost(participant, transport, wasItsOwn);
      });
    };
    if (transport.closed) detach();
    else transport.onClose(detach);
  }

  /** Ends those streams of a participant that have no media any more. */
  dropLost(participant: Participant): void {
    for (const stream of [...participant.streams.values()]) {
      if (stream.closed) this.unpublish(participant, stream);
    }
  }

  #lost(participant: Participant, transport: MediaTransport, tell: boolean): void {
    if (this.#closed || this.#options.participants.get(participant.id) !== participant) return;
    if (transport.direction === "send") {
      for (const stream of participant.streams.values()) if (stream.closed) this.#removeFromReceivers(stream);
    }
    if (!tell) return;
    const { roomId, events } = this.#options;
    events.transportLost({ room: roomId, participant: participant.id, transport: transport.id });
    participant.connection.event("mediaRestart", {
      transportId: transport.id,
      direction: transport.direction,
    });
  }

  /** From now on every stage stream but its own goes to the participant; answers with those that are there. */
  async subscribe(
    participant: Participant,
    transport: MediaTransport,
    capabilities: types.RtpCapabilities,
  ): Promise<StreamDescription[]> {
    const subscription = new Subscription(transport, capabilities);
    if (!transport.closed) participant.subscription = subscription;
    const others = [...this.streams.values()].filter((stream) => stream.participantId !== participant.id);
    const descriptions = await Promise.all(others.map((stream) => subscription.add(stream)));
    return descriptions.filter((description) => description !== undefined);
  }

  /** Brings a producer to all; with `resumed`, as the new media of a stream whose media was lost. */
  publish(
    participant: Participant,
    producer: types.Producer,
    transport: MediaTransport,
    resumed?: Stream,
  ): Stream {
    const stream = resumed ?? new Stream(participant.id, producer, transport);
    resumed?.resume(producer, transport);
    participant.streams.set(stream.id, stream);
    this.streams.set(stream.id, stream);
    this.#options.events.published({
      room: this.#options.roomId,
      participant: participant.id,
      stream: stream.id,
    });
    this.#loudest?.added(stream);
    this.#news.observe(stream);
    void this.#deliver(stream);
    return stream;
  }

  unpublish(participant: Participant, stream: Stream): void {
    if (!participant.streams.delete(stream.id)) return;
    this.streams.delete(stream.id);
    stream.close();
    this.#options.events.unpublished({
      room: this.#options.roomId,
      participant: participant.id,
      stream: stream.id,
    });
    this.#removeFromReceivers(stream);
    this.#loudest?.removed(stream);
  }

  async setPaused(stream: Stream, paused: boolean): Promise<void> {
    await stream.setPaused(paused);
    // Whoever has it held back knows it as paused already.
    if (stream.held) return;
    for (const { receiver, consumerId } of this.#receiversOf(stream)) {
      receiver.connection.event("streamPaused", { consumerId, paused });
    }
  }

  /** Tells the participant who is talking, until it leaves. */
  tellSpeakers(participant: Participant): void {
    this.#news.add(participant);
  }

  /** Ends all that somebody publishes, and the transport. */
  stopSending(participant: Participant): void {
    for (const stream of [...participant.streams.values()]) this.unpublish(participant, stream);
    participant.closeTransport("send");
  }

  /** Ends all media of a participant. */
  leave(participant: Participant): void {
    this.#news.remove(participant);
    this.stopSending(participant);
    participant.closeTransport("receive");
  }

  close(): void {
    this.#closed = true;
    this.#news.close();
    this.#loudest?.close();
    this.streams.clear();
    this.#routers.close();
  }

  get #stageSize(): number {
    let size = 0;
    for (const { member } of this.#options.participants.values()) if (member.seat !== null) size++;
    return size;
  }

  #removeFromReceivers(stream: Stream): void {
    for (const { receiver, subscription, consumerId } of this.#receiversOf(stream)) {
      receiver.connection.event("streamRemoved", { consumerId, streamId: stream.id });
      subscription.drop(stream.id);
    }
  }

  #receiversOf(stream: Stream): { receiver: Participant; subscription: Subscription; consumerId: string }[] {
    return [...this.#options.participants.values()].flatMap((receiver) => {
      const { subscription } = receiver;
      const consumerId = subscription?.consumerId(stream.id);
      return subscription === undefined || consumerId === undefined
        ? []
        : [{ receiver, subscription, consumerId }];
    });
  }

  async #deliver(stream: Stream): Promise<void> {
    const receivers = [...this.#options.participants.values()].filter(
      ({ id, subscription }) => subscription !== undefined && id !== stream.participantId,
    );
    for (let start = 0; start < receivers.length && !stream.closed; start += deliveryBatch) {
      await Promise.all(
        receivers.slice(start, start + deliveryBatch).map((receiver) => this.#deliverTo(receiver, stream)),
      );
      await setImmediate();
    }
  }

  async #deliverTo(receiver: Participant, stream: Stream): Promise<void> {
    try {
      const description = await receiver.subscription?.add(stream);
      if (description !== undefined) receiver.connection.event("streamAdded", { stream: description });
    } catch (error) {
      this.#notDelivered(receiver.id, stream, error);
    }
  }

  #notDelivered(participant: string, stream: Stream, error: unknown): void {
    if (this.#closed || isWorkerGone(error)) return;
    this.#options.events.notDelivered({ room: this.#options.roomId, participant, stream: stream.id }, error);
  }
}
