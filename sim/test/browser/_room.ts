/** A room server that serves the browser client, and simulated participants in its rooms. */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { loadCorpus } from "../../audio/corpus.ts";
import { FrameSource } from "../../audio/frame-source.ts";
import { Listener } from "../../participant/listener.ts";
import { NodeDatachannelEngine } from "../../participant/node-datachannel-engine.ts";
import { Pacer } from "../../participant/pacer.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import { Speaker } from "../../participant/speaker.ts";
import type { Role } from "../../protocol/signalling.ts";
import { mintToken } from "../../protocol/token.ts";
import { startServer, testSecret } from "../../server/_test-client.ts";
import type { RoomServerOptions } from "../../server/options.ts";
import type { RoomServer } from "../../server/server.ts";
import { measureWallOffsetMs, systemClock } from "../../util/clock.ts";
import { Histogram } from "../../util/histogram.ts";
import { createRandom } from "../../util/random.ts";
import { corpusDirectory } from "../integration/_fleet.ts";

export const cacheDirectory = fileURLToPath(new URL("../../../.cache", import.meta.url));
const config = fileURLToPath(new URL("../../web/vite.config.ts", import.meta.url));

const suite = "AES_128_GCM_SHA256_128";
const joinTimeoutMs = 10_000;

/** The client as it is now, whatever set-up has built; answers where it is. */
export async function buildClient(): Promise<string> {
  const outDir = `${cacheDirectory}/test-web-${randomBytes(4).toString("hex")}`;
  await build({ configFile: config, build: { outDir } });
  return outDir;
}

export function serveClient(
  webDirectory: string,
  options: Partial<RoomServerOptions> = {},
): Promise<RoomServer> {
  return startServer({ webDirectory, ...options });
}

/** The link by which somebody comes in. */
export async function linkFor(
  server: { httpUrl: string },
  who: { id: string; name: string; role: Role; room: string },
): Promise<string> {
  const { id: sub, name, role, room } = who;
  return `${server.httpUrl}/#token=${await mintToken(testSecret, { sub, name, role, room }, 600)}`;
}

/** Simulated participants in one room. */
export class Simulated implements AsyncDisposable {
  readonly engine: NodeDatachannelEngine;
  readonly broken: Error[] = [];
  readonly #server: RoomServer;
  readonly #room: string;
  readonly #encrypted: boolean;
  readonly #pacer = new Pacer({ clock: systemClock, lateness: new Histogram() });
  readonly #speakers: Speaker[] = [];
  readonly #listeners: Listener[] = [];

  /** `encrypted`: whether they take part in encryption; default true. */
  constructor(server: RoomServer, room: string, options: { encrypted?: boolean } = {}) {
    this.#server = server;
    this.#room = room;
    this.#encrypted = options.encrypted ?? true;
    this.engine = new NodeDatachannelEngine({
      runStartMs: systemClock.now(),
      lossHorizonMs: 1000,
      sampleProbability: 1,
      suite,
      bindAddress: "127.0.0.1",
      random: createRandom("engine"),
    });
  }

  /** One who talks without end, in real Opus; the host deals the keys. */
  async speaker(name: string, role: "host" | "speaker"): Promise<Speaker> {
    const corpus = await loadCorpus({ directory: corpusDirectory, bitrateBps: 32_000 });
    const speaker = await Speaker.join({
      index: role === "host" ? 0 : 1 + this.#speakers.length,
      ...this.#common(name),
      source: new FrameSource({
        corpus,
        voice: this.#speakers.length,
        talkspurts: [{ startMs: 0, durationMs: 3_600_000 }],
        random: createRandom(name),
      }),
      talkStartMs: systemClock.now(),
      rekeyWindowMs: 500,
      wallOffsetMs: measureWallOffsetMs(),
      bindAddress: "127.0.0.1",
      pacer: this.#pacer,
      random: createRandom(`media of ${name}`),
      encryptCost: new Histogram(),
      overhead: new Histogram(),
    });
    this.#speakers.push(speaker);
    return speaker;
  }

  async listener(name: string): Promise<Listener> {
    const listener = await Listener.join({
      index: this.#listeners.length,
      ...this.#common(name),
      engine: this.engine,
    });
    this.#listeners.push(listener);
    return listener;
  }

  #common(name: string) {
    return {
      accountId: name.toLowerCase(),
      name,
      target: createSoundcheckTarget({ url: this.#server.url, room: this.#room, tokenSecret: testSecret }),
      suite: this.#encrypted ? suite : undefined,
      joinTimeoutMs,
      clock: systemClock,
      onBroken: (error: Error) => this.broken.push(error),
    } as const;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const participant of [...this.#listeners, ...this.#speakers]) participant.close();
    await this.engine.close();
  }
}
