import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import type { SentBatch } from "../measure/sent-ledger.ts";
import type { Member } from "../protocol/signalling.ts";
import type { Clock } from "../util/clock.ts";
import type { Histogram } from "../util/histogram.ts";
import type { Random } from "../util/random.ts";
import { SessionError, toSessionError } from "./errors.ts";
import { KeyDealer } from "./key-dealer.ts";
import { MediaConnection } from "./media-connection.ts";
import type { Pacer } from "./pacer.ts";
import { SecretReceiver } from "./secret-receiver.ts";
import { SessionBreak } from "./session-break.ts";
import { keyActivationMs, StageVoice, type StageVoiceOptions } from "./stage-voice.ts";
import type { Target, TargetEvents, TargetSession } from "./target.ts";

/** A leaving speaker stays for so long, that its last packets arrive before its stream goes. */
const leaveDrainMs = 300;

export type SpeakerOptions = {
  /** Place on the stage, from 0: the host, who deals the keys. */
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
  /** The session is over and we did not end it, or the server did not let it end; called at most once, after a join that succeeded. */
  onBroken(error: SessionError): void;
};

type Parts = {
  session: TargetSession;
  media: MediaConnection;
  voice: StageVoice;
  dealer: KeyDealer | undefined;
  stopPacing: () => void;
  joinMs: number;
};

/** A simulated participant on the stage: joins, publishes, speaks as planned; the host deals the keys besides. */
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
    const secrets: [generation: number, secret: Uint8Array][] = [];
    const onSecret = (generation: number, secret: Uint8Array): void => {
      secrets.push([generation, secret]);
      voice?.useSecret(generation, secret, clock.now() + keyActivationMs);
      keyArrived();
    };
    let keyArrived: () => void = () => undefined;
    const firstKey = new Promise<void>((resolve) => {
      keyArrived = resolve;
    });

    const media = await MediaConnection.create({
      name: `speaker-${options.index}`,
      direction: "send",
      ssrc,
      bindAddress: options.bindAddress,
      onPacket: () => undefined,
      onLost: (message) => {
        breaking.mediaLost(new SessionError("disconnected", message));
      },
    });
    let session: TargetSession | undefined;
    let dealer: KeyDealer | undefined;
    let stopPacing: (() => void) | undefined;
    const dealsKeys = suite !== undefined && isHost;
    const keys = suite === undefined || isHost ? undefined : new SecretReceiver(onSecret);
    // Who comes and goes before there is a dealer.
    const waiting: ((dealer: KeyDealer) => void)[] = [];
    const deal = (task: (dealer: KeyDealer) => void): void => {
      if (dealer !== undefined) task(dealer);
      else if (dealsKeys) waiting.push(task);
    };
    try {
      const signal = breaking.joinSignal(options.joinTimeoutMs);
      const startMs = clock.now();
      session = await options.target.join(
        {
          accountId: options.accountId,
          name: options.name,
          role: isHost ? "host" : "speaker",
          publicKey: keys?.publicKey,
          direction: "send",
          fingerprint: media.fingerprint,
          signal,
        },
        speakerEvents({
          keys,
          breaking,
          joined: (member) => {
            deal((to) => {
              to.joined(member);
            });
          },
          left: (participantId) => {
            deal((to) => {
              to.left(participantId);
            });
          },
        }),
      );
      keys?.joined(session.roomId, session.participantId);
      await media.connect(session.transport, signal);
      const joinMs = clock.now() - startMs;
      if (dealsKeys) {
        dealer = await KeyDealer.create({
          roomId: session.roomId,
          rekeyWindowMs: options.rekeyWindowMs,
          onSecret,
          onError: (error) => {
            breaking.break(
              new SessionError("harness", `dealing keys failed: ${String(error)}`, { cause: error }),
            );
          },
        });
        dealer.begin(session);
        for (const task of waiting) task(dealer);
      }
      const { streamId } = await session.publish({ ssrc, cname: `s${options.index}` });
      if (suite !== undefined) await within(signal, firstKey, "no key came from the host in time");
      voice = createVoice(options, session, streamId, ssrc, media);
      for (const [generation, secret] of secrets) voice.useSecret(generation, secret, clock.now());
      stopPacing = startPacing(options, voice);
      const speaker = new Speaker(options, { session, media, voice, dealer, joinMs, stopPacing });
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

  get peers(): { signalling: TargetSession["peer"]; media: MediaConnection["peer"] } {
    return { signalling: this.#parts.session.peer, media: this.#parts.media.peer };
  }

  get dealt(): { rekeys: number; sealed: number; cpuSeconds: number } {
    const { dealer } = this.#parts;
    return { rekeys: dealer?.rekeys ?? 0, sealed: dealer?.sealed ?? 0, cpuSeconds: dealer?.cpuSeconds ?? 0 };
  }

  takeSent(): SentBatch {
    return this.voice.takeSent();
  }

  /** Stops speaking, lets the last packets arrive, leaves. A leave that is not answered breaks the session. */
  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
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
  media: MediaConnection,
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
    send: (packet) => {
      if (media.track.isOpen()) media.track.sendMessageBinary(packet);
    },
    encryptCost: options.encryptCost,
    overhead: options.overhead,
  });
}

function startPacing(options: SpeakerOptions, voice: StageVoice): () => void {
  const first = voice.firstFrameAfter(options.clock.now());
  voice.skipTo(first);
  return options.pacer.start(voice, first);
}

function speakerEvents(handlers: {
  keys: SecretReceiver | undefined;
  breaking: SessionBreak;
  joined(member: Member): void;
  left(participantId: string): void;
}): TargetEvents {
  return {
    memberJoined: (member) => {
      handlers.joined(member);
    },
    memberLeft: (participantId) => {
      handlers.left(participantId);
    },
    // A speaker's connection only sends: no streams come to it.
    streamAdded: () => undefined,
    streamRemoved: () => undefined,
    streamPaused: () => undefined,
    sealed: (_from, message) => handlers.keys?.open(message),
    transportState: () => undefined,
    ended: ({ kind, message }) => {
      handlers.breaking.break(new SessionError(kind, message));
    },
  };
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
