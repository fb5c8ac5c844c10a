import { EventEmitter } from "node:events";
import type { types } from "mediasoup";
import { describe, expect, test } from "vitest";
import type { RoomRouter } from "./room-router.ts";
import { RoomRouters } from "./room-routers.ts";
import type { MediaWorker } from "./worker-pool.ts";

class Transport extends EventEmitter {
  closed = false;

  onClose(listener: () => void): void {
    this.once("close", listener);
  }

  close(): void {
    this.closed = true;
    this.emit("close");
  }
}

/** Workers whose routers are nothing but alive or not. */
class Pool {
  readonly workers: MediaWorker[] = [];
  readonly #routers = new Map<MediaWorker, { observer: EventEmitter; closed: boolean }[]>();
  waiting: ((worker: MediaWorker) => void)[] = [];

  constructor(count: number) {
    for (let index = 0; index < count; index++) this.start(index);
  }

  start(index: number): MediaWorker {
    const routers: { observer: EventEmitter; closed: boolean }[] = [];
    const createRouter = (): Promise<object> => {
      const router = { observer: new EventEmitter(), closed: false };
      routers.push(router);
      return Promise.resolve({
        observer: router.observer,
        get closed() {
          return router.closed;
        },
        close: () => {
          router.closed = true;
        },
      });
    };
    const worker = {
      index,
      worker: { createRouter } as unknown as types.Worker,
      webRtcServer: {} as types.WebRtcServer,
      port: index,
      load: 0,
    };
    this.workers.push(worker);
    this.#routers.set(worker, routers);
    for (const tell of this.waiting.splice(0)) tell(worker);
    return worker;
  }

  kill(worker: MediaWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    for (const router of this.#routers.get(worker) ?? []) {
      router.closed = true;
      router.observer.emit("close");
    }
  }

  readonly leastLoaded = (except: ReadonlySet<MediaWorker> = new Set()): MediaWorker | undefined =>
    this.workers.filter((worker) => !except.has(worker)).toSorted((a, b) => a.load - b.load)[0];

  readonly available = (): Promise<MediaWorker> => {
    const worker = this.leastLoaded();
    return worker === undefined
      ? new Promise((resolve) => this.waiting.push(resolve))
      : Promise.resolve(worker);
  };
}

function routersOf(pool: Pool, maxConsumersPerRouter: number): RoomRouters {
  return new RoomRouters({ pool, maxConsumersPerRouter, pipeSrtp: true });
}

/** On which workers so many receivers of so many streams come to be, all at once. */
async function place(
  routers: RoomRouters,
  receivers: number,
  streams: number,
): Promise<{ at: RoomRouter; transport: Transport }[]> {
  return Promise.all(
    Array.from({ length: receivers }, async () => {
      let at: RoomRouter | undefined;
      const transport = await routers.place(streams, (router) => {
        at = router;
        return Promise.resolve(new Transport());
      });
      if (at === undefined) throw new Error("placed nowhere");
      return { at, transport };
    }),
  );
}

const perWorker = (placed: { at: RoomRouter }[]): number[] =>
  [...Map.groupBy(placed, ({ at }) => at.mediaWorker.index).values()].map(({ length }) => length);

describe("receivers of a room", () => {
  test("are all at its home, as long as that has room", async () => {
    const routers = routersOf(new Pool(3), 20);
    const placed = await place(routers, 10, 2);
    const home = await routers.home();
    expect(placed.every(({ at }) => at === home)).toBe(true);
    expect(routers.routers).toHaveLength(1);
  });

  test("that come at once fill one router after the other, and share what is beyond", async () => {
    const routers = routersOf(new Pool(3), 20);
    expect(perWorker(await place(routers, 25, 2))).toEqual([10, 10, 5]);
    expect(perWorker(await place(routers, 11, 2)).reduce((sum, count) => sum + count)).toBe(11);
    expect(routers.routers).toHaveLength(3);
  });

  test("that leave make room", async () => {
    const routers = routersOf(new Pool(2), 4);
    const placed = await place(routers, 4, 1);
    placed[0]?.transport.close();
    await place(routers, 1, 1);
    expect(routers.routers).toHaveLength(1);
  });

  test("whose transport fails take no room", async () => {
    const routers = routersOf(new Pool(2), 1);
    const failing = routers.place(1, () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    const closed = new Transport();
    closed.close();
    await routers.place(1, () => Promise.resolve(closed));
    await place(routers, 1, 1);
    expect(routers.routers).toHaveLength(1);
  });

  test("go to the worker with the least load when their home is full", async () => {
    const pool = new Pool(3);
    const routers = routersOf(pool, 1);
    await routers.home();
    const [, second] = pool.workers;
    if (second !== undefined) second.load = 100;
    const placed = await place(routers, 2, 1);
    expect(placed.map(({ at }) => at.mediaWorker.index)).toEqual([0, 2]);
  });
});

describe("a home that is lost", () => {
  test("is followed by another router of the room", async () => {
    const pool = new Pool(2);
    const routers = routersOf(pool, 1);
    await place(routers, 2, 1);
    const home = await routers.home();
    pool.kill(home.mediaWorker);
    const next = await routers.home();
    expect(next).not.toBe(home);
    expect(routers.routers).toEqual([next]);
  });

  test("with the only worker is followed when there is one again, once for all who wait", async () => {
    const pool = new Pool(1);
    const routers = routersOf(pool, 10);
    pool.kill((await routers.home()).mediaWorker);
    const waiting = [routers.home(), routers.home(), place(routers, 3, 1)] as const;
    const worker = pool.start(0);
    const [first, second, placed] = await Promise.all(waiting);
    expect(first.mediaWorker).toBe(worker);
    expect(second).toBe(first);
    expect(placed.every(({ at }) => at === first)).toBe(true);
  });

  test("while another router is not lost leaves the others where they are", async () => {
    const pool = new Pool(3);
    const routers = routersOf(pool, 1);
    const placed = await place(routers, 3, 1);
    const home = await routers.home();
    const other = placed.find(({ at }) => at !== home);
    if (other !== undefined) pool.kill(other.at.mediaWorker);
    expect(await routers.home()).toBe(home);
    expect(routers.routers).toHaveLength(2);
  });
});

test("a room that has ended opens no more routers, and closes those that it has", async () => {
  const routers = routersOf(new Pool(2), 1);
  const home = await routers.home();
  await place(routers, 1, 1);
  routers.close();
  expect(home.closed).toBe(true);
  await expect(place(routers, 1, 1)).rejects.toThrow("the room has ended");
});
