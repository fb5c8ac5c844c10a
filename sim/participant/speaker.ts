import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import type { SentBatch } from "../measure/sent-ledger.ts";
import type { Clock } from "../util/clock.ts";
import type { Histogram } from "../util/histogram.ts";
import type { Random } from "../util/random.ts";
import { speakerEvents } from "./_speaker-events.ts";
import { lostWhileJoining, SessionError, toSessionError } from "./errors.ts";
import type { Interruptions } from "./interruptions.ts";
import { KeyDealer } from "./key-dealer.ts";
import { MediaRestart } from "./media-restart.ts";
import type { Pacer } from "./pacer.ts";
import { SessionBreak } from "./session-break.ts";
import { SpeakerMedia } from "./speaker-media.ts";
import { keyActivationMs, StageVoice, type StageVoiceOptions } from "./stage-voice.ts";
import type { PublishOptions, Target, TargetSession } from "./target.ts";

/** A leaving speaker stays for so long, that its last packets arrive before its stream goes. */
const leaveDrainMs = 300;

export type SpeakerOptions = {
  /** Place on the stage, from 0: the host. */
  index: number;
  accountId: string;
  name: string;
  target: Target;
  /** Undefined: the speaker is muted all along and sends nothing. */
  source: StageVoiceOptions["source"];
  /** When the talk of the whole room begins, on the monotonic clock; frames due before the join are skipped. */
  talkStartMs: number;
  suite: CipherSuiteName | undefined;
  rekeyWindowMs: number;
  joinTimeoutMs: number;
  wallOffsetMs: number;
  bindAddress: string | undefined;
  pacer: Pacer;
  clock: Clock;
  random: Random;
  encryptCost: Histogram;
  overhead: Histogram;
  /** Where outages are counted. Default: nowhere. */
  interruptions?: Interruptions;
  /** The session is over and we did not end it, or the server did not let it end; called at most once, after a join that succeeded. */
  onBroken(error: SessionError): void;
};

type Parts = {
  session: TargetSession;
  media: SpeakerMedia;
  voice: StageVoice;
  dealer: KeyDealer | undefined;
  restart: MediaRestart;
  stopPacing: () => void;
  joinMs: number;
};

/** A simulated participant on the stage: joins, publishes, speaks as planned; deals the keys when its turn comes. */
export class Speaker {
  readonly index: number;
  readonly name: string;
  readonly joinMs: number;
  readonly voice: StageVoice;
  readonly #parts: Parts;
  readonly #onBroken: (error: SessionError) => void;
  #left = false;

  private constructor(options: SpeakerOptions, parts: Parts) {
    this.index = options.index;
    this.name = options.name;
    this.joinMs = parts.joinMs;
    this.voice = parts.voice;
    this.#parts = parts;
    this.#onBroken = options.onBroken;
  }

  /** Joins, connects media, publishes, has a key and begins to speak. Rejects with a SessionError, and leaves nothing behind. */
  static async join(options: SpeakerOptions): Promise<Speaker> {
    const { suite, clock, random } = options;
    const isHost = options.index === 0;
    const ssrc = 1 + random.integer(0xffff_fffe);
    const breaking = new SessionBreak();
    let voice: StageVoice | undefined;
    const secrets: [generation: number, secret: Uint8Array, fromMs: number][] = [];
    const onSecret = (generation: number, secret: Uint8Array, isStep: boolean): void => {
      const fromMs = clock.now() + (isStep ? 0 : keyActivationMs);
      secrets.push([generation, secret, fromMs]);
      voice?.useSecret(generation, secret, fromMs);
      keyArrived();
    };
    let keyArrived: () => void = () => undefined;
    const firstKey = new Promise<void>((resolve) => {
      keyArrived = resolve;
    });

    const media = await SpeakerMedia.create({
      name: `speaker-${options.index}`,
      ssrc,
      bindAddress: options.bindAddress,
      onLost: (message) => {
        breaking.mediaLost(new SessionError("disconnected", message));
      },
    });
    let session: TargetSession | undefined;
    let dealer: KeyDealer | undefined;
    let stopPacing: (() => void) | undefined;
    let restart: MediaRestart | undefined;
    try {
      if (suite !== undefined) {
        dealer = await KeyDealer.create({
          rekeyWindowMs: options.rekeyWindowMs,
          onSecret,
          onError: (error) => {
            breaking.break(
              new SessionError("harness", `dealing keys failed: ${String(error)}`, { cause: error }),
            );
          },
        });
      }
      const signal = breaking.joinSignal(options.joinTimeoutMs);
      const startMs = clock.now();
      session = await options.target.join(
        {
          accountId: options.accountId,
          name: options.name,
          role: isHost ? "host" : "speaker",
          publicKey: dealer?.publicKey,
          direction: "send",
          fingerprint: media.fingerprint,
          signal,
        },
        speakerEvents({
          keys: dealer,
          breaking,
          mediaLost: () => {
            breaking.mediaExcused();
            media.lose();
            if (restart === undefined) breaking.break(lostWhileJoining());
            else restart.begin();
          },
          back: (awayMs) => {
            options.interruptions?.away.observe(awayMs / 1000);
          },
        }),
      );
      dealer?.begin(session);
      await media.connect(session.transport, signal);
      const joinMs = clock.now() - startMs;
      const published = { ssrc, cname: `s${options.index}` };
      const { streamId } = await session.publish({ ...published, streamId: undefined });
      if (suite !== undefined) await within(signal, firstKey, "no key came from the host in time");
      voice = createVoice(options, session, streamId, ssrc, media);
      for (const [generation, secret, fromMs] of secrets) voice.useSecret(generation, secret, fromMs);
      stopPacing = startPacing(options, voice);
      restart = restartOf(session, media, { ...published, streamId }, options, breaking);
      const speaker = new Speaker(options, { session, media, voice, dealer, restart, joinMs, stopPacing });
      breaking.joined((error) => {
        if (!speaker.#left) options.onBroken(error);
      });
      return speaker;
    } catch (error) {
      const cause = breaking.error ?? error;
      stopPacing?.();
      session?.close();
      media.close();
      await dealer?.close();
      throw cause;
    }
  }

  /** How often the system lost the media, and it came back. */
  get restarts(): number {
    return this.#parts.restart.count;
  }

  get peers(): { signalling: TargetSession["peer"]; media: SpeakerMedia["peer"] } {
    return { signalling: this.#parts.session.peer, media: this.#parts.media.peer };
  }

  get dealt(): { rekeys: number; sealed: number; cpuSeconds: number; to: Iterable<string> } {
    const { dealer } = this.#parts;
    return {
      rekeys: dealer?.rekeys ?? 0,
      sealed: dealer?.sealed ?? 0,
      cpuSeconds: dealer?.cpuSeconds ?? 0,
      to: dealer?.everDealtTo ?? [],
    };
  }

  takeSent(): SentBatch {
    return this.voice.takeSent();
  }

  /** Stops speaking, lets the last packets arrive, leaves. A leave that is not answered breaks the session. */
  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.#parts.restart.close();
    this.#parts.stopPacing();
    this.voice.end();
    await this.#parts.dealer?.close();
    await new Promise((resolve) => {
      setTimeout(resolve, leaveDrainMs);
    });
    await this.#parts.session.leave().catch((error: unknown) => {
      this.#onBroken(toSessionError(error));
    });
    this.close();
  }

  /** Drops everything at once; safe to call twice. */
  close(): void {
    this.#left = true;
    this.#parts.restart.close();
    this.#parts.stopPacing();
    this.voice.end();
    void this.#parts.dealer?.close();
    this.#parts.session.close();
    this.#parts.media.close();
  }
}

function createVoice(
  options: SpeakerOptions,
  session: TargetSession,
  streamId: string,
  ssrc: number,
  media: SpeakerMedia,
): StageVoice {
  const { random } = options;
  return new StageVoice({
    streamId,
    participantId: session.participantId,
    seat: session.seat ?? 0,
    ssrc,
    // Not zero, as RTP timestamps begin at random; 24 hours later still short of where 32 bits of timestamp end.
    baseFrame: 1000 + random.integer(100_000),
    // A phase of its own: speakers that tick in step make a queue at the server.
    baseDueMs: options.talkStartMs + random.next() * 20,
    source: options.source,
    suite: options.suite,
    wallOffsetMs: options.wallOffsetMs,
    canSend: () => media.canSend,
    send: (packet) => {
      media.send(packet);
    },
    encryptCost: options.encryptCost,
    overhead: options.overhead,
  });
}

/** Media anew on the same seat: the stream, its keys and their counters go on. */
function restartOf(
  session: TargetSession,
  media: SpeakerMedia,
  published: PublishOptions,
  { joinTimeoutMs, clock, interruptions }: SpeakerOptions,
  breaking: SessionBreak,
): MediaRestart {
  return new MediaRestart({
    timeoutMs: joinTimeoutMs,
    clock,
    onRestarted: (tookMs) => {
      interruptions?.mediaRestart.observe(tookMs / 1000);
    },
    attempt: async (signal) => {
      await media.reopen();
      const { transport } = await session.reconnect(media.fingerprint, signal);
      await media.connect(transport, signal);
      await session.publish(published);
      media.resume();
    },
    onFailed: breaking.break,
  });
}

function startPacing(options: SpeakerOptions, voice: StageVoice): () => void {
  const first = voice.firstFrameAfter(options.clock.now());
  voice.skipTo(first);
  return options.pacer.start(voice, first);
}

function within(signal: AbortSignal, promise: Promise<void>, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new SessionError("protocol", message));
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    void promise.then(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
}
