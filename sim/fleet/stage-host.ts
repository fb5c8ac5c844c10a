import type { SentBatch } from "../measure/sent-ledger.ts";
import { SessionError, toSessionError } from "../participant/errors.ts";
import { Pacer } from "../participant/pacer.ts";
import { Speaker } from "../participant/speaker.ts";
import type { Target } from "../participant/target.ts";
import type { AgentMessage, AgentMessageBody, ChirpSchedule, HostReport } from "../protocol/fleet.ts";
import { isSeatOf, seatAccount } from "../protocol/run-plan.ts";
import type { Clock } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";
import { createRandom, type Random } from "../util/random.ts";
import { coarse } from "./agent-metrics.ts";
import type { HostProgress, ToHost } from "./host-messages.ts";
import { HostRecorder } from "./host-recorder.ts";
import { localAddressFor } from "./local-address.ts";
import type { StageSounds } from "./stage-sounds.ts";
import type { Seat } from "./vu-server.ts";
import { frameMs } from "../util/opus-frame.ts";

type Start = Extract<ToHost, { type: "start" }>;

/** The account of what was sent goes to the audience this often. */
/** More are not named. */
const mostStrangers = 20;
const accountPeriodMs = 100;
const digestPeriodMs = 1000;

type Seated = {
  speaker: Speaker;
  send(message: AgentMessage): void;
  told: number;
  leaving: Promise<AgentMessageBody<"final">> | undefined;
};

/** The process that the stage lives in: every speaker paced to the due time, each with a phase of its own. */
export class StageHost {
  readonly recorder: HostRecorder;
  readonly #start: Start;
  readonly #target: Target;
  readonly #sounds: StageSounds;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onSent: (batches: SentBatch[]) => void;
  readonly #pacer: Pacer;
  readonly #lateness = new Histogram();
  readonly #encryptCost = new Histogram();
  readonly #overhead = new Histogram();
  readonly #seated = new Map<number, Seated>();
  /** Speakers that have left; their last account is still to be given. */
  #leaving: Speaker[] = [];
  readonly #timers: NodeJS.Timeout[];
  /** Keys were dealt to them, and we seated nobody of that name. */
  readonly #strangers = new Set<string>();
  readonly #totals = { sent: 0, sentBytes: 0, unsent: 0, encrypted: 0, rekeys: 0, sealed: 0, sealSeconds: 0 };
  #talkStartMs: number | undefined;
  #chirps: ChirpSchedule | null = null;

  constructor(options: {
    start: Start;
    target: Target;
    sounds: StageSounds;
    clock: Clock;
    onSent(batches: SentBatch[]): void;
  }) {
    const { plan, name, kind, runStartMs } = options.start;
    this.#start = options.start;
    this.#target = options.target;
    this.#sounds = options.sounds;
    this.#clock = options.clock;
    this.#onSent = options.onSent;
    this.#random = createRandom(plan.seed);
    this.recorder = new HostRecorder({ name, kind, runStartMs, clock: options.clock });
    this.#pacer = new Pacer({ clock: options.clock, lateness: this.#lateness });
    this.#timers = [
      setInterval(() => {
        this.#giveAccount();
      }, accountPeriodMs),
      setInterval(() => {
        this.#sendDigests();
      }, digestPeriodMs),
    ];
  }

  async seat(index: number, send: (message: AgentMessage) => void): Promise<Seat> {
    const { plan, wallOffsetMs } = this.#start;
    try {
      const { personas } = this.#sounds;
      const persona = personas[index];
      if (persona === undefined) throw new Error(`the stage has ${personas.length} seats, from 0`);
      this.#talkStartMs ??= this.#clock.now();
      const speaker = await Speaker.join({
        index,
        accountId: seatAccount("stage", index),
        name: persona.name,
        target: this.#target,
        source: this.#sounds.sourceFor(index),
        talkStartMs: this.#talkStartMs,
        suite: plan.e2ee.enabled ? plan.e2ee.suite : undefined,
        rekeyWindowMs: plan.e2ee.rekeyWindowSeconds * 1000,
        joinTimeoutMs: plan.joinTimeoutSeconds * 1000,
        wallOffsetMs,
        bindAddress: localAddressFor(plan.target.url),
        pacer: this.#pacer,
        clock: this.#clock,
        random: this.#random.fork(`stream:${index}`),
        encryptCost: this.#encryptCost,
        overhead: this.#overhead,
        interruptions: this.recorder.interruptions,
        onBroken: (error) => {
          this.#break(index, error);
        },
      });
      this.recorder.recordJoin(speaker.joinMs, speaker.peers);
      if (index === 0) this.#chirps = this.#sounds.chirpsFrom(speaker.voice.baseDueMs + wallOffsetMs);
      this.#seated.set(index, { speaker, send, told: 0, leaving: undefined });
      send({ type: "joined", joinMs: speaker.joinMs });
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
      return { leave: () => Promise.resolve(finalOf(0, 0)), cut: () => undefined };
    }
  }

  progress(): HostProgress {
    let [speaking, sent] = [0, this.#totals.sent];
    for (const { speaker } of this.#seated.values()) {
      if (speaker.voice.isSpeaking) speaking++;
      sent += speaker.voice.sent;
    }
    const { joined, failed, left, commonestFailure } = this.recorder;
    return {
      joined,
      failed,
      left,
      speaking,
      sent,
      expected: 0,
      received: 0,
      lost: 0,
      mouthToEarP95Seconds: null,
      failure: commonestFailure,
      chirps: this.#chirps,
      histograms: {
        join: coarse("join", this.recorder.join),
        late_send: coarse("late_send", this.#lateness),
        sframe_encrypt: coarse("sframe_encrypt", this.#encryptCost),
        event_loop_delay: coarse("event_loop_delay", this.recorder.eventLoop.delay),
      },
    };
  }

  async end(): Promise<HostReport> {
    await Promise.all([...this.#seated.keys()].map((index) => this.#leave(index)));
    for (const timer of this.#timers) clearInterval(timer);
    this.#giveAccount();
    this.recorder.eventLoop.stop();
    const { sent, sentBytes, unsent, encrypted, rekeys, sealed, sealSeconds } = this.#totals;
    return {
      ...this.recorder.report(),
      packets: {
        sent,
        sentBytes,
        expected: 0,
        received: 0,
        lost: 0,
        late: 0,
        duplicate: 0,
        edge: 0,
        refused: 0,
        unsent,
      },
      histograms: {
        ...this.recorder.histograms(),
        late_send: this.#lateness.snapshot(),
        sframe_encrypt: this.#encryptCost.snapshot(),
        sframe_overhead: this.#overhead.snapshot(),
      },
      sframe: {
        encrypted,
        decrypted: 0,
        timedEncrypt: this.#encryptCost.n,
        timedDecrypt: 0,
        refused: {},
        rekeys,
        sealed,
        sealSeconds,
        strangers: [...this.#strangers].slice(0, mostStrangers),
      },
      worst: [],
      deaf: 0,
    };
  }

  #leave(index: number): Promise<AgentMessageBody<"final">> {
    const seated = this.#seated.get(index);
    if (seated === undefined) return Promise.resolve(finalOf(0, 0));
    seated.leaving ??= this.#finish(index, seated);
    return seated.leaving;
  }

  async #finish(index: number, seated: Seated): Promise<AgentMessageBody<"final">> {
    await seated.speaker.leave();
    // Its VU may be gone meanwhile: then it has not completed.
    if (!this.#seated.has(index)) return finalOf(0, 0);
    this.#retire(index);
    this.recorder.completed++;
    this.recorder.digestsSent++;
    const { sent } = seated.speaker.voice;
    return finalOf(sent - seated.told, sent);
  }

  /** A session is over before its time. */
  #break(index: number, error: SessionError): void {
    const seated = this.#seated.get(index);
    if (seated === undefined) return;
    this.recorder.recordFailure(error);
    seated.send({ type: "failed", cause: error.failure, message: error.message });
    this.#retire(index);
    seated.speaker.close();
  }

  /** Takes a speaker off the stage and adds up what it did. */
  #retire(index: number): void {
    const seated = this.#seated.get(index);
    if (seated === undefined) return;
    this.#seated.delete(index);
    const { speaker } = seated;
    this.#leaving.push(speaker);
    this.recorder.recordLeave();
    this.#totals.sent += speaker.voice.sent;
    this.#totals.sentBytes += speaker.voice.sentBytes;
    this.#totals.unsent += speaker.voice.unsent;
    this.#totals.encrypted += speaker.voice.encrypted;
    for (const id of speaker.dealt.to) if (!isSeatOf(this.#start.plan, id)) this.#strangers.add(id);
    this.#totals.rekeys += speaker.dealt.rekeys;
    this.#totals.sealed += speaker.dealt.sealed;
    this.#totals.sealSeconds += speaker.dealt.cpuSeconds;
  }

  #giveAccount(): void {
    const speakers = [...[...this.#seated.values()].map(({ speaker }) => speaker), ...this.#leaving];
    for (const speaker of this.#leaving) speaker.voice.end();
    this.#leaving = [];
    const batches = speakers.map((speaker) => speaker.takeSent());
    for (const { frames, frameZeroDueMs } of batches) {
      for (const frame of frames) {
        const dueMs = frameZeroDueMs + frame * frameMs;
        this.recorder.second(Math.floor((dueMs - this.#start.runStartMs) / 1000)).sent++;
      }
    }
    if (batches.length > 0) this.#onSent(batches);
  }

  #sendDigests(): void {
    for (const seated of this.#seated.values()) {
      const { sent } = seated.speaker.voice;
      this.recorder.digestsSent++;
      seated.send({ type: "digest", ...zeroCounts, sent: sent - seated.told, samples: [] });
      seated.told = sent;
    }
  }
}

const zeroCounts = { sent: 0, expected: 0, received: 0, lost: 0, late: 0, refused: 0 };

function finalOf(sent: number, total: number): AgentMessageBody<"final"> {
  return {
    type: "final",
    ...zeroCounts,
    sent,
    samples: [],
    totals: { sent: total, expected: 0, received: 0, lost: 0 },
  };
}
