import { Listener } from "../participant/listener.ts";
import { SessionError, toSessionError } from "../participant/errors.ts";
import type { ListenerCounts } from "../participant/listener-engine.ts";
import { NodeDatachannelEngine } from "../participant/node-datachannel-engine.ts";
import type { Target } from "../participant/target.ts";
import { createPersona } from "../persona/persona.ts";
import type { AgentMessage, AgentMessageBody, HostReport, ListenerSummary } from "../protocol/fleet.ts";
import { seatAccount } from "../protocol/run-plan.ts";
import type { SentBatch } from "../measure/sent-ledger.ts";
import type { Clock } from "../util/clock.ts";
import { createRandom, type Random } from "../util/random.ts";
import { coarse } from "./agent-metrics.ts";
import type { HostProgress, ToHost } from "./host-messages.ts";
import { HostRecorder } from "./host-recorder.ts";
import { localAddressFor } from "./local-address.ts";
import type { Seat } from "./vu-server.ts";
import { worstOf } from "./worst-listeners.ts";

type Start = Extract<ToHost, { type: "start" }>;

/** Digests go out once a second, spread over so many slots, so that no burst of them holds up packets. */
const digestSlots = 50;
/** About how many packets a second a listener gets: 50 of whoever speaks, and overlaps. */
const packetsPerListenerSecond = 60;
const worstListeners = 20;

type Seated = {
  listener: Listener;
  send(message: AgentMessage): void;
  firstSoundTold: boolean;
  leaving: Promise<AgentMessageBody<"final">> | undefined;
};

/** The process that listeners live in. */
export class AudienceHost {
  readonly recorder: HostRecorder;
  readonly #start: Start;
  readonly #target: Target;
  readonly #engine: NodeDatachannelEngine;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #seated = new Map<number, Seated>();
  /** Sessions that broke, while their last packets are settled. */
  readonly #departing = new Set<Promise<void>>();
  readonly #summaries: ListenerSummary[] = [];
  readonly #timer: NodeJS.Timeout;
  #slot = 0;

  constructor(options: { start: Start; target: Target; clock: Clock }) {
    const { plan, name, kind, runStartMs } = options.start;
    this.#start = options.start;
    this.#target = options.target;
    this.#clock = options.clock;
    this.#random = createRandom(plan.seed);
    this.recorder = new HostRecorder({ name, kind, runStartMs, clock: options.clock });
    this.#engine = new NodeDatachannelEngine({
      runStartMs,
      lossHorizonMs: plan.lossHorizonSeconds * 1000,
      sampleProbability: Math.min(
        1,
        plan.samplesPerSecond / Math.max(1, plan.audience.listeners * packetsPerListenerSecond),
      ),
      suite: plan.e2ee.suite,
      bindAddress: localAddressFor(plan.target.url),
      random: this.#random.fork(`sampler:${name}`),
    });
    this.#timer = setInterval(() => {
      this.#sendDigests();
    }, 1000 / digestSlots);
  }

  recordSent(batches: SentBatch[]): void {
    for (const batch of batches) this.#engine.recordSent(batch);
  }

  async seat(index: number, send: (message: AgentMessage) => void): Promise<Seat> {
    const { plan } = this.#start;
    try {
      const listener = await Listener.join({
        index,
        accountId: seatAccount("audience", index),
        name: createPersona(this.#random.fork(`listener:${index}`)).name,
        target: this.#target,
        engine: this.#engine,
        suite: plan.e2ee.enabled ? plan.e2ee.suite : undefined,
        joinTimeoutMs: plan.joinTimeoutSeconds * 1000,
        clock: this.#clock,
        interruptions: this.recorder.interruptions,
        onBroken: (error) => {
          this.#break(index, error);
        },
      });
      this.recorder.recordJoin(listener.joinMs, listener.peers);
      this.#seated.set(index, { listener, send, firstSoundTold: false, leaving: undefined });
      send({ type: "joined", joinMs: listener.joinMs });
      return {
        leave: () => this.#leave(index),
        cut: () => {
          this.#break(index, new SessionError("cut", "its VU went without leaving"));
        },
      };
    } catch (error) {
      const failure = toSessionError(error);
      this.recorder.recordFailureToJoin(failure);
      send({ type: "failed", cause: failure.failure, message: failure.message });
      return { leave: () => Promise.resolve(finalOf(zeroTotals)), cut: () => undefined };
    }
  }

  progress(): HostProgress {
    const { counts, mouthToEar } = this.#engine;
    const { recorder } = this;
    return {
      joined: recorder.joined,
      failed: recorder.failed,
      left: recorder.left,
      speaking: 0,
      sent: 0,
      expected: counts.expected,
      received: counts.received,
      lost: counts.lost,
      mouthToEarP95Seconds: mouthToEar.quantile(0.95),
      failure: recorder.commonestFailure,
      chirps: null,
      histograms: {
        mouth_to_ear: coarse("mouth_to_ear", mouthToEar),
        path_delay: coarse("path_delay", this.#engine.pathDelay),
        sframe_decrypt: coarse("sframe_decrypt", this.#engine.decryptCost),
        join: coarse("join", recorder.join),
        event_loop_delay: coarse("event_loop_delay", recorder.eventLoop.delay),
      },
    };
  }

  /** Ends what still goes on, in good order, and reports. */
  async end(): Promise<HostReport> {
    await Promise.all([...this.#seated.keys()].map((index) => this.#leave(index)));
    await Promise.all(this.#departing);
    clearInterval(this.#timer);
    this.recorder.eventLoop.stop();
    const engine = this.#engine.report();
    const { counts, histograms } = engine;
    for (const { second, expected, lost, late, mouthToEar } of engine.seconds) {
      Object.assign(this.recorder.second(second), {
        expected,
        received: expected - lost,
        lost,
        late,
        mouthToEar,
      });
    }
    await this.#engine.close();
    return {
      ...this.recorder.report(),
      packets: { sent: 0, sentBytes: 0, unsent: 0, ...pickPackets(counts) },
      histograms: {
        ...histograms,
        ...this.recorder.histograms(),
        first_sound: this.recorder.firstSound.snapshot(),
      },
      sframe: {
        encrypted: 0,
        decrypted: engine.decrypted,
        timedEncrypt: 0,
        timedDecrypt: histograms.sframe_decrypt.n,
        refused: engine.refused,
        rekeys: 0,
        sealed: 0,
        sealSeconds: 0,
        strangers: [],
      },
      worst: worstOf(this.#summaries, worstListeners),
      deaf: this.#summaries.filter(({ deaf, failure }) => deaf && failure === null).length,
    };
  }

  #leave(index: number): Promise<AgentMessageBody<"final">> {
    const seated = this.#seated.get(index);
    if (seated === undefined) return Promise.resolve(finalOf(zeroTotals));
    seated.leaving ??= this.#finish(index, seated);
    return seated.leaving;
  }

  async #finish(index: number, seated: Seated): Promise<AgentMessageBody<"final">> {
    const { listener } = seated;
    const totals = await listener.leave();
    // Its VU may be gone meanwhile: then it has not completed.
    if (!this.#seated.delete(index)) return finalOf(zeroTotals);
    this.recorder.recordLeave();
    this.recorder.completed++;
    this.recorder.digestsSent++;
    this.#summarise(listener, totals, null);
    const { counts, samples, firstSoundMs } = listener.takeDigest();
    if (firstSoundMs !== null && !seated.firstSoundTold)
      this.recorder.firstSound.observe(firstSoundMs / 1000);
    return { ...finalOf(totals), ...digestCounts(counts), samples };
  }

  /** A session is over before its time: what it heard is settled and counted all the same. */
  #break(index: number, error: SessionError): void {
    const seated = this.#seated.get(index);
    if (seated === undefined) return;
    this.#seated.delete(index);
    this.recorder.recordFailure(error);
    this.recorder.recordLeave();
    seated.send({ type: "failed", cause: error.failure, message: error.message });
    const departing = seated.listener.abandon().then((counts) => {
      this.#summarise(seated.listener, counts, error.failure);
      this.#departing.delete(departing);
    });
    this.#departing.add(departing);
  }

  #sendDigests(): void {
    const slot = this.#slot;
    this.#slot = (slot + 1) % digestSlots;
    for (const [index, seated] of this.#seated) {
      if (index % digestSlots !== slot) continue;
      const { counts, samples, firstSoundMs } = seated.listener.takeDigest();
      const isFirst = firstSoundMs !== null && !seated.firstSoundTold;
      if (isFirst) {
        seated.firstSoundTold = true;
        this.recorder.firstSound.observe(firstSoundMs / 1000);
      }
      this.recorder.digestsSent++;
      seated.send({ type: "digest", ...digestCounts(counts), samples, ...(isFirst ? { firstSoundMs } : {}) });
    }
  }

  #summarise(listener: Listener, counts: ListenerCounts, failure: ListenerSummary["failure"]): void {
    this.#summaries.push({
      index: listener.index,
      name: listener.name,
      expected: counts.expected,
      lost: counts.lost,
      late: counts.late,
      refused: counts.refused,
      deaf: listener.deaf,
      mouthToEarP99Seconds: listener.mouthToEarP99Seconds(),
      failure,
    });
  }
}

const zeroTotals = { expected: 0, received: 0, lost: 0 };

function finalOf(totals: { expected: number; received: number; lost: number }): AgentMessageBody<"final"> {
  const { expected, received, lost } = totals;
  return {
    type: "final",
    sent: 0,
    expected: 0,
    received: 0,
    lost: 0,
    late: 0,
    refused: 0,
    samples: [],
    totals: { sent: 0, expected, received, lost },
  };
}

function digestCounts({ expected, received, lost, late, refused }: ListenerCounts): {
  sent: number;
  expected: number;
  received: number;
  lost: number;
  late: number;
  refused: number;
} {
  return { sent: 0, expected, received, lost, late, refused };
}

function pickPackets({
  expected,
  received,
  lost,
  late,
  duplicate,
  edge,
  refused,
}: ListenerCounts): Omit<HostReport["packets"], "sent" | "sentBytes" | "unsent"> {
  return { expected, received, lost, late, duplicate, edge, refused };
}
