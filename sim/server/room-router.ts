import type { types } from "mediasoup";
import { routerCodecs } from "./media-parameters.ts";
import type { MediaWorker } from "./worker-pool.ts";

const pipeBufferBytes = 4 * 1024 * 1024;

/** One worker's part of a room. */
export class RoomRouter {
  readonly mediaWorker: MediaWorker;
  readonly router: types.Router;
  readonly #pipeSrtp: boolean;
  readonly #piped = new Map<string, Promise<void>>();

  private constructor(mediaWorker: MediaWorker, pipeSrtp: boolean, router: types.Router) {
    this.mediaWorker = mediaWorker;
    this.#pipeSrtp = pipeSrtp;
    this.router = router;
    mediaWorker.load++;
    router.observer.once("close", () => {
      mediaWorker.load--;
    });
  }

  /** `pipeSrtp`: whether pipes to it are encrypted. */
  static async create(mediaWorker: MediaWorker, pipeSrtp: boolean): Promise<RoomRouter> {
    const router = await mediaWorker.worker.createRouter({ mediaCodecs: routerCodecs });
    return new RoomRouter(mediaWorker, pipeSrtp, router);
  }

  get closed(): boolean {
    return this.router.closed;
  }

  /**
   * Makes a producer of another of the room's routers available here, under its own id:
   * once, however many ask. Its pauses and its end follow by themselves.
   */
  bring(producer: types.Producer, from: RoomRouter): Promise<void> {
    if (from === this) return Promise.resolve();
    let piped = this.#piped.get(producer.id);
    if (piped === undefined) {
      piped = this.#pipe(producer, from);
      this.#piped.set(producer.id, piped);
      const forget = (): void => {
        this.#piped.delete(producer.id);
      };
      producer.observer.once("close", forget);
      // Who comes later tries anew.
      piped.catch(forget);
    }
    return piped;
  }

  async #pipe(producer: types.Producer, from: RoomRouter): Promise<void> {
    await from.router.pipeToRouter({
      producerId: producer.id,
      router: this.router,
      enableSrtp: this.#pipeSrtp,
      enableSctp: false,
      listenInfo: {
        protocol: "udp",
        ip: "127.0.0.1",
        sendBufferSize: pipeBufferBytes,
        recvBufferSize: pipeBufferBytes,
      },
    });
  }

  close(): void {
    this.router.close();
  }
}
