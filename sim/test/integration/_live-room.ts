/** For tests of media: a room server with speakers who talk without end and listeners who count, all in this process. */
import type { SourcedFrame } from "../../audio/frame-source.ts";
import type { ListenerCounts } from "../../participant/listener-engine.ts";
import { Listener } from "../../participant/listener.ts";
import { NodeDatachannelEngine } from "../../participant/node-datachannel-engine.ts";
import { Pacer } from "../../participant/pacer.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import { Speaker } from "../../participant/speaker.ts";
import type { StageVoiceOptions } from "../../participant/stage-voice.ts";
import type { Target } from "../../participant/target.ts";
import { startServer, testSecret } from "../../server/_test-client.ts";
import type { RoomServerOptions } from "../../server/options.ts";
import type { RoomServer } from "../../server/server.ts";
import { measureWallOffsetMs, systemClock } from "../../util/clock.ts";
import { Histogram } from "../../util/histogram.ts";
import { createRandom } from "../../util/random.ts";

const suite = "AES_128_GCM_SHA256_128";
const lossHorizonMs = 1000;
const joinTimeoutMs = 10_000;
const accountMs = 100;
const joinsAtOnce = 10;

/** A frame every 20 ms; the level in decibels below overload, asked for at each. */
export function talkingAt(level: () => number): NonNullable<StageVoiceOptions["source"]> {
  let frame = 0;
  return {
    next: (): SourcedFrame => ({
      kind: "frame",
      payload: new Uint8Array(60).fill(frame & 0xff),
      levelDbov: level(),
      marker: frame++ === 0,
    }),
  };
}

export class LiveRoom implements AsyncDisposable {
  readonly server: RoomServer;
  readonly engine: NodeDatachannelEngine;
  readonly speakers: Speaker[] = [];
  readonly listeners: Listener[] = [];
  /** Sessions that ended without our doing. */
  readonly broken: Error[] = [];
  readonly interruptions = { away: new Histogram(), mediaRestart: new Histogram() };
  readonly #account: NodeJS.Timeout;
  readonly #pacer = new Pacer({ clock: systemClock, lateness: new Histogram() });
  readonly #startMs = systemClock.now();

  private constructor(server: RoomServer) {
    this.server = server;
    this.engine = new NodeDatachannelEngine({
      runStartMs: this.#startMs,
      lossHorizonMs,
      sampleProbability: 1,
      suite,
      bindAddress: "127.0.0.1",
      random: createRandom("engine"),
    });
    this.#account = setInterval(() => {
      for (const speaker of this.speakers) this.engine.recordSent(speaker.takeSent());
    }, accountMs);
  }

  static async open(options: Partial<RoomServerOptions>): Promise<LiveRoom> {
    return new LiveRoom(await startServer(options));
  }

  get target(): Target {
    return createSoundcheckTarget({ url: this.server.url, room: "room", tokenSecret: testSecret });
  }

  async addSpeaker(source: StageVoiceOptions["source"], target: Target = this.target): Promise<Speaker> {
    const index = this.speakers.length;
    const speaker = await Speaker.join({
      index,
      accountId: `speaker-${index}`,
      name: `Speaker ${index}`,
      target,
      source,
      talkStartMs: systemClock.now(),
      suite,
      rekeyWindowMs: 60_000,
      joinTimeoutMs,
      wallOffsetMs: measureWallOffsetMs(),
      bindAddress: "127.0.0.1",
      pacer: this.#pacer,
      clock: systemClock,
      random: createRandom(`speaker ${index}`),
      encryptCost: new Histogram(),
      overhead: new Histogram(),
      interruptions: this.interruptions,
      onBroken: (error) => this.broken.push(error),
    });
    this.speakers.push(speaker);
    return speaker;
  }

  async addListeners(count: number, target: Target = this.target): Promise<void> {
    for (let joined = 0; joined < count; joined += joinsAtOnce) {
      const size = Math.min(joinsAtOnce, count - joined);
      this.listeners.push(
        ...(await Promise.all(
          Array.from({ length: size }, (_, offset) => this.#listener(this.listeners.length + offset, target)),
        )),
      );
    }
  }

  #listener(index: number, target: Target): Promise<Listener> {
    return Listener.join({
      index,
      accountId: `listener-${index}`,
      name: `Listener ${index}`,
      target,
      engine: this.engine,
      suite,
      joinTimeoutMs,
      clock: systemClock,
      interruptions: this.interruptions,
      onBroken: (error) => this.broken.push(error),
    });
  }

  /** Until every listener has heard so many frames more, or the deadline; answers with the milliseconds it took. */
  async heardByAll(frames: number, deadlineMs = 10_000): Promise<number> {
    const beganMs = systemClock.now();
    const heard = new Map(this.listeners.map((listener) => [listener, 0]));
    // What came before is not meant.
    for (const listener of this.listeners) listener.takeDigest();
    for (;;) {
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
      for (const [listener, before] of heard) {
        const { samples } = listener.takeDigest();
        heard.set(listener, before + samples.filter((sample) => typeof sample === "number").length);
      }
      const tookMs = systemClock.now() - beganMs;
      if ([...heard.values()].every((count) => count >= frames)) return tookMs;
      if (tookMs > deadlineMs) throw new Error(`not heard in time: ${[...heard.values()].join(" ")}`);
    }
  }

  /** All leave, listeners first; what each of them heard. */
  async end(): Promise<ListenerCounts[]> {
    const counts = await Promise.all(this.listeners.map((listener) => listener.leave()));
    await Promise.all(this.speakers.map((speaker) => speaker.leave()));
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#account);
    for (const participant of [...this.listeners, ...this.speakers]) participant.close();
    await this.engine.close();
    await this.server.close();
  }
}
