import { RoomRouter } from "./room-router.ts";
import type { MediaWorker, WorkerPool } from "./worker-pool.ts";

type RoomRoutersOptions = {
  pool: Pick<WorkerPool, "leastLoaded" | "available">;
  /** Streams that one router forwards before the room takes another worker's; when all are full, the emptiest takes more. */
  maxConsumersPerRouter: number;
  pipeSrtp: boolean;
};

/** A router of the room, there or being made. */
type Slot = {
  readonly mediaWorker: MediaWorker;
  readonly router: Promise<RoomRouter>;
  /** Receiving transports on it, those that are being made among them. */
  receivers: number;
  made: RoomRouter | undefined;
};

type Closing = { readonly closed: boolean; onClose(listener: () => void): void };

/**
 * A room's routers, at most one a worker: the home, where producers live, and more
 * when there are more receivers than one takes. Routers of dead workers are
 * forgotten; a lost home is followed by another router that lives, or by a new one.
 */
export class RoomRouters {
  readonly #options: RoomRoutersOptions;
  readonly #slots = new Set<Slot>();
  #home: Slot | undefined;
  #closed = false;

  constructor(options: RoomRoutersOptions) {
    this.#options = options;
  }

  /** The routers that are there. */
  get routers(): RoomRouter[] {
    return [...this.#slots].flatMap(({ made }) => made ?? []);
  }

  /** Where producers live. Rejects when no worker comes to life in time. */
  async home(): Promise<RoomRouter> {
    this.#home ??= this.#fullest;
    if (this.#home === undefined) {
      const worker = await this.#options.pool.available();
      this.#home ??= this.#fullest ?? this.#open(worker);
    }
    return this.#home.router;
  }

  /** Makes the transport of one more receiver of so many streams, where there is room for it. */
  async place<Transport extends Closing>(
    streams: number,
    open: (router: RoomRouter) => Promise<Transport>,
  ): Promise<Transport> {
    await this.home();
    const slot = this.#choose(Math.max(1, streams));
    slot.receivers++;
    const leave = (): void => {
      slot.receivers--;
    };
    try {
      const transport = await open(await slot.router);
      if (transport.closed) leave();
      else transport.onClose(leave);
      return transport;
    } catch (error) {
      leave();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const router of this.routers) router.close();
  }

  #choose(streams: number): Slot {
    const { maxConsumersPerRouter, pool } = this.#options;
    const slots = [...this.#slots].toSorted((a, b) => a.receivers - b.receivers);
    const [emptiest] = slots;
    if (emptiest !== undefined && (emptiest.receivers + 1) * streams <= maxConsumersPerRouter)
      return emptiest;
    const fresh = pool.leastLoaded(new Set(slots.map(({ mediaWorker }) => mediaWorker)));
    if (fresh !== undefined) return this.#open(fresh);
    if (emptiest === undefined) throw new Error("no media worker is alive");
    return emptiest;
  }

  get #fullest(): Slot | undefined {
    return [...this.#slots].toSorted((a, b) => b.receivers - a.receivers)[0];
  }

  #open(mediaWorker: MediaWorker): Slot {
    if (this.#closed) throw new Error("the room has ended");
    const router = RoomRouter.create(mediaWorker, this.#options.pipeSrtp);
    const slot: Slot = { mediaWorker, router, receivers: 0, made: undefined };
    this.#slots.add(slot);
    const forget = (): void => {
      this.#slots.delete(slot);
      if (this.#home === slot) this.#home = undefined;
    };
    router.then((made) => {
      slot.made = made;
      if (this.#closed) made.close();
      if (made.closed) forget();
      else made.router.observer.once("close", forget);
    }, forget);
    return slot;
  }
}
