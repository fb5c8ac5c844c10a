import { isRtcp, RtpView } from "../audio/rtp.ts";
import { deriveSFrameKey, type SFrameKey } from "../e2ee/sframe/key.ts";
import { windowEngine } from "../e2ee/sframe/window-engine.ts";
import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import { Sampler } from "../measure/sampler.ts";
import { SentLedger, type SentBatch } from "../measure/sent-ledger.ts";
import { toBase64Url } from "../util/bytes.ts";
import { systemClock } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";
import type { Random } from "../util/random.ts";
import {
  zeroCounts,
  type EngineReport,
  type EngineSecond,
  type ListenerCounts,
  type ListenerEngine,
  type ListenerMedia,
  type ListenerMediaOptions,
  type StreamKey,
} from "./listener-engine.ts";
import { ListenerObserver } from "./listener-observer.ts";
import type { Totals } from "./_observer-totals.ts";
import { MediaConnection } from "./media-connection.ts";

export type NodeDatachannelEngineOptions = {
  /** When the run began, on the monotonic clock: second 0. */
  runStartMs: number;
  /** A packet that is not there this long after it was due is lost. */
  lossHorizonMs: number;
  /** The probability that a packet is in the sample. */
  sampleProbability: number;
  suite: CipherSuiteName;
  bindAddress: string | undefined;
  random: Random;
};

/** Batches of the speakers' account come ten times a second; this allows for the way they take. */
const accountDelayMs = 500;
/** How long to wait for a speaker's account that does not come, at a listener's end. */
const accountTimeoutMs = 3000;

type OpenSecond = { expected: number; lost: number; late: number; mouthToEar: Histogram };

/** The default engine: every listener is a node-datachannel connection, every packet is seen in JavaScript. */
export class NodeDatachannelEngine implements ListenerEngine {
  readonly name = "node-datachannel";
  readonly #options: NodeDatachannelEngineOptions;
  readonly #ledger = new SentLedger();
  readonly #listeners = new Set<ListenerObserver>();
  /** Of listeners that are gone. */
  readonly #finished = zeroCounts();
  readonly #openSeconds = new Map<number, OpenSecond>();
  readonly #seconds = new Map<number, EngineSecond>();
  readonly #keys = new Map<string, SFrameKey>();
  // When a packet was sent is known from the speaker's account: nothing that the server forwards is believed.
  readonly #rtp = new RtpView({ captureTimeId: null, audioLevelId: null });
  readonly #totals: Totals;
  readonly #timer: NodeJS.Timeout;
  #lastSecond: { number: number; second: OpenSecond } | undefined;

  constructor(options: NodeDatachannelEngineOptions) {
    this.#options = options;
    this.#totals = {
      runStartMs: options.runStartMs,
      ledger: this.#ledger,
      sampler: new Sampler(options.sampleProbability, options.random),
      mouthToEar: new Histogram(),
      pathDelay: new Histogram(),
      playoutDelay: new Histogram(),
      decryptCost: new Histogram(),
      keyGap: new Histogram(),
      decrypted: 0,
      refused: {},
      second: (number) => this.#second(number),
    };
    this.#timer = setInterval(() => {
      this.#settle();
    }, 500);
  }

  async open(options: ListenerMediaOptions): Promise<ListenerMedia> {
    const { keys } = options;
    const observer = new ListenerObserver(this.#totals, options.encrypted, {
      find: (kid) => {
        const found = keys?.find(kid) ?? null;
        return found && { participantId: found.participantId, key: this.#derive(found) };
      },
      found: (kid) => keys?.found(kid),
    });
    const create = (): Promise<MediaConnection> =>
      MediaConnection.create({
        name: `listener-${options.index}`,
        direction: "receive",
        bindAddress: this.#options.bindAddress,
        onPacket: (packet) => {
          const now = systemClock.now();
          if (!isRtcp(packet) && this.#rtp.parse(packet)) observer.arrive(this.#rtp, packet, now);
        },
        onLost: options.onLost,
      });
    let connection = await create();
    let peer: ListenerMedia["peer"];
    let closed = false;
    return {
      get fingerprint() {
        return connection.fingerprint;
      },
      connect: async (remote, signal) => {
        await connection.connect(remote, signal);
        peer = connection.peer;
        if (this.#listeners.has(observer)) return;
        observer.connected(systemClock.now());
        this.#listeners.add(observer);
      },
      reopen: async () => {
        connection.close();
        observer.reconnecting();
        connection = await create();
        if (closed) connection.close();
      },
      addStream: (stream) => {
        observer.addStream(stream, systemClock.now());
      },
      removeStream: (consumerId) => {
        observer.removeStream(consumerId, systemClock.now());
      },
      pauseStream: (consumerId, paused) => {
        observer.pauseStream(consumerId, paused, systemClock.now());
      },
      addKey: (key) => {
        observer.addKey(this.#derive(key), systemClock.now(), key.participantId);
      },
      dropKeys: (generation) => {
        observer.dropKeys(generation);
      },
      takeDigest: () => observer.takeDigest(),
      finish: () => this.#finish(observer),
      mouthToEarP99Seconds: () => observer.mouthToEar.quantile(0.99),
      isDeaf: () => observer.deaf,
      get peer() {
        return peer;
      },
      close: () => {
        closed = true;
        observer.closed(systemClock.now());
        this.#retire(observer);
        connection.close();
      },
    };
  }

  recordSent(batch: SentBatch): void {
    this.#ledger.record(batch);
  }

  get counts(): ListenerCounts {
    const counts = { ...this.#finished };
    for (const observer of this.#listeners) addCounts(counts, observer.counts);
    return counts;
  }

  get mouthToEar(): Histogram {
    return this.#totals.mouthToEar;
  }

  get pathDelay(): Histogram {
    return this.#totals.pathDelay;
  }

  get decryptCost(): Histogram {
    return this.#totals.decryptCost;
  }

  report(): EngineReport {
    return {
      counts: this.counts,
      histograms: {
        mouth_to_ear: this.#totals.mouthToEar.snapshot(),
        path_delay: this.#totals.pathDelay.snapshot(),
        playout_delay: this.#totals.playoutDelay.snapshot(),
        sframe_decrypt: this.#totals.decryptCost.snapshot(),
        key_gap: this.#totals.keyGap.snapshot(),
      },
      decrypted: this.#totals.decrypted,
      refused: { ...this.#totals.refused },
      seconds: [
        ...this.#seconds.values(),
        ...[...this.#openSeconds].map(([number, open]) => closeSecond(number, open)),
      ],
    };
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listeners.clear();
    return Promise.resolve();
  }

  /** Derived keys are shared: all listeners of this process hold the same secret. */
  #derive({ participantId, kid, baseKey }: StreamKey): SFrameKey {
    const id = `${participantId} ${kid} ${toBase64Url(baseKey)}`;
    let key = this.#keys.get(id);
    if (key === undefined) {
      key = deriveSFrameKey({ suite: this.#options.suite, kid, baseKey, engine: windowEngine });
      this.#keys.set(id, key);
    }
    return key;
  }

  #settle(): void {
    const { runStartMs, lossHorizonMs } = this.#options;
    const wholeSeconds = Math.floor((systemClock.now() - lossHorizonMs - accountDelayMs - runStartMs) / 1000);
    const beforeMs = runStartMs + wholeSeconds * 1000;
    if (!this.#ledger.isCompleteBefore(beforeMs)) return;
    for (const observer of this.#listeners) observer.settle(beforeMs);
    // A second can still gain from listeners whose settling waits; by then it is long past.
    for (const [number, open] of this.#openSeconds) {
      if (number < wholeSeconds - 10) {
        this.#seconds.set(number, closeSecond(number, open));
        this.#openSeconds.delete(number);
        this.#lastSecond = undefined;
      }
    }
  }

  async #finish(observer: ListenerObserver): Promise<ListenerCounts> {
    const closedAtMs = systemClock.now();
    observer.closed(closedAtMs);
    await delay(this.#options.lossHorizonMs);
    const deadlineMs = systemClock.now() + accountTimeoutMs;
    while (!this.#ledger.isCompleteBefore(closedAtMs) && systemClock.now() < deadlineMs) await delay(50);
    observer.settle(closedAtMs);
    return { ...observer.counts };
  }

  #retire(observer: ListenerObserver): void {
    if (!this.#listeners.delete(observer)) return;
    addCounts(this.#finished, observer.counts);
  }

  #second(number: number): OpenSecond {
    if (this.#lastSecond?.number === number) return this.#lastSecond.second;
    let second = this.#openSeconds.get(number);
    if (second === undefined) {
      const closed = this.#seconds.get(number);
      this.#seconds.delete(number);
      second = {
        expected: closed?.expected ?? 0,
        lost: closed?.lost ?? 0,
        late: closed?.late ?? 0,
        mouthToEar: closed?.mouthToEar == null ? new Histogram() : Histogram.from(closed.mouthToEar),
      };
      this.#openSeconds.set(number, second);
    }
    this.#lastSecond = { number, second };
    return second;
  }
}

function closeSecond(number: number, { expected, lost, late, mouthToEar }: OpenSecond): EngineSecond {
  return {
    second: number,
    expected,
    lost,
    late,
    mouthToEar: mouthToEar.n === 0 ? null : mouthToEar.snapshot(),
  };
}

function addCounts(into: ListenerCounts, counts: ListenerCounts): void {
  for (const key of Object.keys(into) as (keyof ListenerCounts)[]) into[key] += counts[key];
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
