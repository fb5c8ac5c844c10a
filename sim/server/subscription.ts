import type { types } from "mediasoup";
import type { StreamDescription } from "../protocol/signalling.ts";
import type { MediaTransport } from "./media.ts";
import type { Stream } from "./stream.ts";

/** The stage's streams on their way to one receiver. */
export class Subscription {
  readonly transport: MediaTransport;
  readonly #capabilities: types.RtpCapabilities;
  // A stream whose consumer is still being made is in here, as undefined.
  readonly #consumers = new Map<string, types.Consumer | undefined>();

  constructor(transport: MediaTransport, capabilities: types.RtpCapabilities) {
    this.transport = transport;
    this.#capabilities = capabilities;
  }

  get size(): number {
    return this.#consumers.size;
  }

  /** Forwards a stream; undefined if it is forwarded already, or ended meanwhile. */
  async add(stream: Stream): Promise<StreamDescription | undefined> {
    if (this.#consumers.has(stream.id) || stream.closed) return undefined;
    this.#consumers.set(stream.id, undefined);
    const { producer } = stream;
    let consumer: types.Consumer;
    try {
      await this.transport.at.bring(producer, stream.at);
      consumer = await this.transport.webRtc.consume({
        producerId: producer.id,
        rtpCapabilities: this.#capabilities,
        paused: stream.held,
      });
    } catch (error) {
      this.#consumers.delete(stream.id);
      if (producer.closed || this.transport.closed) return undefined;
      throw error;
    }
    if (producer.closed || this.transport.closed || !this.#consumers.has(stream.id)) {
      this.#consumers.delete(stream.id);
      consumer.close();
      return undefined;
    }
    this.#consumers.set(stream.id, consumer);
    const { mediaWorker } = this.transport.at;
    mediaWorker.load++;
    consumer.observer.once("close", () => {
      mediaWorker.load--;
    });
    // Whether it is held may have changed while the consumer was made.
    if (consumer.paused !== stream.held) await this.setHeld(stream, stream.held);
    return this.describe(stream);
  }

  /** A stream as it reaches this receiver; undefined if it does not, or not yet. */
  describe(stream: Stream): StreamDescription | undefined {
    const consumer = this.#consumers.get(stream.id);
    if (consumer === undefined) return undefined;
    return {
      streamId: stream.id,
      participantId: stream.participantId,
      consumerId: consumer.id,
      paused: stream.paused || stream.held,
      rtpParameters: consumer.rtpParameters,
    };
  }

  /** This receiver's copy of a stream; undefined if there is none, or not yet. */
  consumerId(streamId: string): string | undefined {
    return this.#consumers.get(streamId)?.id;
  }

  /** Stops forwarding a stream, or goes on with it; nothing happens to one that is gone. */
  async setHeld(stream: Stream, held: boolean): Promise<void> {
    const consumer = this.#consumers.get(stream.id);
    if (consumer === undefined || consumer.closed) return;
    try {
      await (held ? consumer.pause() : consumer.resume());
    } catch (error) {
      if (!consumer.closed) throw error;
    }
  }

  /** Forgets a stream that has ended. */
  drop(streamId: string): void {
    this.#consumers.delete(streamId);
  }
}
