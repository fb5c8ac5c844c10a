import type { types } from "mediasoup";
import type { MediaTransport } from "./media.ts";
import type { RoomRouter } from "./room-router.ts";

/**
 * A stream on the stage. It keeps its id when its media is lost with a worker
 * and its publisher publishes it anew.
 */
export class Stream {
  readonly id: string;
  readonly participantId: string;
  #producer: types.Producer;
  #at: RoomRouter;
  /** Not among the loudest: the server forwards it to nobody. */
  held = false;

  constructor(participantId: string, producer: types.Producer, transport: MediaTransport) {
    this.id = producer.id;
    this.participantId = participantId;
    this.#producer = producer;
    this.#at = transport.at;
  }

  get producer(): types.Producer {
    return this.#producer;
  }

  /** Where its producer is. */
  get at(): RoomRouter {
    return this.#at;
  }

  /** Muted by its publisher. */
  get paused(): boolean {
    return this.#producer.paused;
  }

  /** Ended, or its media is lost. */
  get closed(): boolean {
    return this.#producer.closed;
  }

  /** Goes on with new media. */
  resume(producer: types.Producer, transport: MediaTransport): void {
    this.#producer = producer;
    this.#at = transport.at;
  }

  async setPaused(paused: boolean): Promise<void> {
    await (paused ? this.#producer.pause() : this.#producer.resume());
  }

  close(): void {
    this.#producer.close();
  }
}
