import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as mediasoup from "mediasoup";
import type { types } from "mediasoup";
import { SetupError } from "../util/errors.ts";
import type { ServerEvents } from "./events.ts";
import type { WorkerUsage } from "./metrics.ts";
import type { ServerSettings } from "./options.ts";

const socketBufferBytes = 4 * 1024 * 1024;
const restartDelayMs = 1000;
const closeDeadlineMs = 2000;
const usageDeadlineMs = 1000;

const workerLauncher = join(import.meta.dirname, "media-worker.sh");

/** How long somebody waits for a worker while none is alive. */
const availableDeadlineMs = 5000;

/** A media worker and the WebRtcServer through whose one port, UDP and TCP, all its media goes. */
export type MediaWorker = {
  readonly index: number;
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
  readonly port: number;
  /** Its routers, clients' transports and consumers together. */
  load: number;
};

type PoolOptions = {
  settings: ServerSettings;
  events: ServerEvents;
};

/** The media workers, a process each. One that dies is replaced; its rooms notice by their transports. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers = new Map<number, MediaWorker>();
  #closing: Promise<void> | undefined;
  #restart: NodeJS.Timeout | undefined;
  #started = Promise.withResolvers<void>();

  private constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Throws SetupError: `worker-missing`, `port-in-use`, `address-unavailable` or `worker-failed`. */
  static async create(options: PoolOptions): Promise<WorkerPool> {
    await access(mediasoup.workerBin, constants.X_OK).catch((cause: unknown) => {
      throw new SetupError("worker-missing", "mediasoup's worker is not installed", {
        hint: "run: npm run setup",
        cause,
      });
    });
    const pool = new WorkerPool(options);
    try {
      for (let index = 0; index < options.settings.workers; index++) await pool.#start(index);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get alive(): number {
    return this.#workers.size;
  }

  /** Those alive: their processes, and the UDP ports of their media. */
  get workers(): { index: number; pid: number; port: number }[] {
    return [...this.#workers.values()].map(({ index, worker, port }) => ({ index, pid: worker.pid, port }));
  }

  /** The worker with the least load that is not among the given; undefined where there is none. */
  leastLoaded(except: ReadonlySet<MediaWorker> = new Set()): MediaWorker | undefined {
    return [...this.#workers.values()]
      .filter((worker) => !except.has(worker))
      .toSorted((a, b) => a.load - b.load)[0];
  }

  /** The worker with the least load; waits for one while none is alive. Rejects after 5 s without one. */
  async available(): Promise<MediaWorker> {
    const deadline = delay(availableDeadlineMs, "late" as const, { ref: false });
    for (;;) {
      const worker = this.leastLoaded();
      if (worker !== undefined) return worker;
      if ((await Promise.race([this.#started.promise, deadline])) === "late") {
        throw new Error("no media worker is alive");
      }
    }
  }

  /** CPU and memory by worker; one that does not answer in a second is left out. */
  async usage(): Promise<WorkerUsage[]> {
    const readings = [...this.#workers.values()].map(async ({ index, worker }): Promise<WorkerUsage[]> => {
      const usage = await Promise.race([
        worker.getResourceUsage().catch(() => undefined),
        delay(usageDeadlineMs, undefined, { ref: false }),
      ]);
      if (usage === undefined) return [];
      // libuv's getrusage as mediasoup hands it on: times in milliseconds, memory in KiB.
      return [
        { index, cpuSeconds: (usage.ru_utime + usage.ru_stime) / 1000, maxRssBytes: usage.ru_maxrss * 1024 },
      ];
    });
    return (await Promise.all(readings)).flat();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restart);
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    await Promise.all(workers.map(({ worker }) => closeWorker(worker)));
  }

  async #start(index: number): Promise<void> {
    const { settings, events } = this.#options;
    const worker = await createWorker();
    const { media } = settings;
    let webRtcServer: types.WebRtcServer;
    let port: number | undefined;
    try {
      webRtcServer = await worker.createWebRtcServer({
        listenInfos: (["udp", "tcp"] as const).map((protocol) => ({
          protocol,
          ip: media.ip,
          port: media.port === 0 ? 0 : media.port + index,
          sendBufferSize: socketBufferBytes,
          recvBufferSize: socketBufferBytes,
          ...(media.announcedAddress === null ? {} : { announcedAddress: media.announcedAddress }),
        })),
      });
      port = (await webRtcServer.dump()).udpSockets[0]?.port;
    } catch (cause) {
      await closeWorker(worker);
      throw bindError(cause, media.ip, media.port + index);
    }
    const mediaWorker: MediaWorker = { index, worker, webRtcServer, port: port ?? 0, load: 0 };
    if (this.#closing !== undefined) {
      await closeWorker(worker);
      return;
    }
    this.#workers.set(index, mediaWorker);
    this.#started.resolve();
    this.#started = Promise.withResolvers<void>();
    worker.once("died", (error) => {
      if (this.#closing !== undefined) return;
      this.#workers.delete(index);
      events.workerDied({ index, pid: worker.pid }, error);
      this.#replace(index);
    });
    events.workerStarted({ index, pid: worker.pid, port: mediaWorker.port });
  }

  #replace(index: number): void {
    this.#start(index).catch((error: unknown) => {
      this.#options.events.workerNotRestarted({ index }, error);
      if (this.#closing === undefined) {
        this.#restart = setTimeout(() => {
          this.#replace(index);
        }, restartDelayMs).unref();
      }
    });
  }
}

/**
 * mediasoup closes its workers on SIGINT and SIGTERM by handlers of its own, and the workers end at a terminal's
 * Ctrl-C themselves; who runs the server decides that here. mediasoup starts the program before its promise is
 * there to wait for, and hands it our environment.
 */
async function createWorker(): Promise<types.Worker> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]));
  process.env["SOUNDCHECK_MEDIA_WORKER"] = mediasoup.workerBin;
  const starting = mediasoup.createWorker({ logLevel: "warn", workerBin: workerLauncher });
  delete process.env["SOUNDCHECK_MEDIA_WORKER"];
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (before.get(signal)?.has(listener) !== true) process.off(signal, listener);
    }
  }
  try {
    return await starting;
  } catch (cause) {
    throw new SetupError("worker-failed", "mediasoup's worker does not start", {
      hint: "run: npm run setup",
      cause,
    });
  }
}

async function closeWorker(worker: types.Worker): Promise<void> {
  if (worker.subprocessClosed) return;
  const ended = new Promise<void>((resolve) => {
    worker.once("subprocessclose", resolve);
  });
  worker.close();
  const deadline = setTimeout(() => {
    process.kill(worker.pid, "SIGKILL");
  }, closeDeadlineMs);
  await ended;
  clearTimeout(deadline);
}

function bindError(cause: unknown, ip: string, port: number): SetupError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (message.includes("address already in use")) {
    return new SetupError("port-in-use", `UDP port ${port} of ${ip}, wanted for media, is in use`, {
      hint: "stop the program that holds it, or choose another media port (0: the system's choice)",
      cause,
    });
  }
  return new SetupError("address-unavailable", `Media cannot be received at ${ip}: ${message}`, {
    hint: "choose an address of this machine",
    cause,
  });
}
