import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import type { Clock } from "../util/clock.ts";
import { lostWhileJoining, SessionError, toSessionError } from "./errors.ts";
import type { ListenerCounts, ListenerDigest, ListenerEngine, ListenerMedia } from "./listener-engine.ts";
import type { Interruptions } from "./interruptions.ts";
import { MediaRestart } from "./media-restart.ts";
import { ReceiverKeys } from "./receiver-keys.ts";
import { SessionBreak } from "./session-break.ts";
import type { Target, TargetEvents, TargetSession } from "./target.ts";

export type ListenerOptions = {
  /** The listener's number in the audience, from 0. */
  index: number;
  accountId: string;
  name: string;
  target: Target;
  engine: ListenerEngine;
  /** Undefined: frames are not encrypted. */
  suite: CipherSuiteName | undefined;
  joinTimeoutMs: number;
  clock: Clock;
  /** Where outages are counted. Default: nowhere. */
  interruptions?: Interruptions;
  /** The session is over and we did not end it, or the server did not let it end; called at most once, after a join that succeeded. */
  onBroken(error: SessionError): void;
};

/** A simulated listener: one seat in the audience, from join to leave. */
export class Listener {
  readonly index: number;
  readonly name: string;
  /** From opening the signalling connection to media connected. */
  readonly joinMs: number;
  readonly #session: TargetSession;
  readonly #media: ListenerMedia;
  readonly #keys: ReceiverKeys | undefined;
  readonly #restart: MediaRestart;
  readonly #onBroken: (error: SessionError) => void;
  #left = false;

  private constructor(
    options: ListenerOptions,
    made: {
      session: TargetSession;
      media: ListenerMedia;
      keys: ReceiverKeys | undefined;
      restart: MediaRestart;
      joinMs: number;
    },
  ) {
    this.index = options.index;
    this.name = options.name;
    this.joinMs = made.joinMs;
    this.#session = made.session;
    this.#media = made.media;
    this.#keys = made.keys;
    this.#restart = made.restart;
    this.#onBroken = options.onBroken;
  }

  /** Joins the room, connects media and subscribes. Rejects with a SessionError, and leaves nothing behind. */
  static async join(options: ListenerOptions): Promise<Listener> {
    const { suite, engine, clock } = options;
    const breaking = new SessionBreak();
    let keys: ReceiverKeys | undefined;
    const media = await engine.open({
      index: options.index,
      encrypted: suite !== undefined,
      keys: { find: (kid) => keys?.find(kid) ?? null, found: (kid) => keys?.found(kid) },
      onLost: (message) => {
        breaking.mediaLost(new SessionError("disconnected", message));
      },
    });
    keys =
      suite === undefined
        ? undefined
        : new ReceiverKeys({
            suite,
            onKey: (key) => {
              media.addKey(key);
            },
            onExpired: (generation) => {
              media.dropKeys(generation);
            },
            clock,
          });
    let session: TargetSession | undefined;
    let restart: MediaRestart | undefined;
    try {
      const signal = breaking.joinSignal(options.joinTimeoutMs);
      const startMs = clock.now();
      session = await options.target.join(
        {
          accountId: options.accountId,
          name: options.name,
          role: "listener",
          publicKey: keys?.publicKey,
          direction: "receive",
          fingerprint: media.fingerprint,
          signal,
        },
        listenerEvents({
          media,
          keys,
          breaking,
          mediaLost: () => {
            breaking.mediaExcused();
            if (restart === undefined) breaking.break(lostWhileJoining());
            else restart.begin();
          },
          back: (awayMs) => {
            options.interruptions?.away.observe(awayMs / 1000);
          },
        }),
      );
      for (const member of session.stage) keys?.stageMember(member);
      for (const stream of session.streams) media.addStream(stream);
      keys?.joined(session.roomId, session.participantId);
      await media.connect(session.transport, signal);
      const joinMs = clock.now() - startMs;
      restart = restartOf(session, media, options, breaking);
      const listener = new Listener(options, { session, media, keys, restart, joinMs });
      breaking.joined((error) => {
        if (!listener.#left) options.onBroken(error);
      });
      return listener;
    } catch (error) {
      session?.close();
      media.close();
      keys?.close();
      throw breaking.error ?? error;
    }
  }

  /** How often the system lost the media, and it came back. */
  get restarts(): number {
    return this.#restart.count;
  }

  takeDigest(): ListenerDigest {
    return this.#media.takeDigest();
  }

  mouthToEarP99Seconds(): number | null {
    return this.#media.mouthToEarP99Seconds();
  }

  /** Heard nothing, though somebody spoke; known once it has left. */
  get deaf(): boolean {
    return this.#media.isDeaf();
  }

  /** Addresses that this listener's own sockets talk to. */
  get peers(): { signalling: TargetSession["peer"]; media: ListenerMedia["peer"] } {
    return { signalling: this.#session.peer, media: this.#media.peer };
  }

  /** Expects nothing more, lets the last packets arrive, leaves; the sum of the whole session. A leave that is not answered breaks it. */
  async leave(): Promise<ListenerCounts> {
    this.#left = true;
    this.#restart.close();
    const counts = await this.#media.finish();
    await this.#session.leave().catch((error: unknown) => {
      this.#onBroken(toSessionError(error));
    });
    this.close();
    return counts;
  }

  /** After the session broke: settles what is known and drops the rest. */
  async abandon(): Promise<ListenerCounts> {
    this.#left = true;
    this.#restart.close();
    this.#session.close();
    const counts = await this.#media.finish();
    this.close();
    return counts;
  }

  /** Drops everything at once; safe to call twice. */
  close(): void {
    this.#left = true;
    this.#restart.close();
    this.#session.close();
    this.#media.close();
    this.#keys?.close();
  }
}

/** Media anew on the same seat: the keys stay, and what is expected. */
function restartOf(
  session: TargetSession,
  media: ListenerMedia,
  { joinTimeoutMs, clock, interruptions }: ListenerOptions,
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
      const { transport, streams } = await session.reconnect(media.fingerprint, signal);
      for (const stream of streams) media.addStream(stream);
      await media.connect(transport, signal);
    },
    onFailed: breaking.break,
  });
}

function listenerEvents(parts: {
  media: ListenerMedia;
  keys: ReceiverKeys | undefined;
  breaking: SessionBreak;
  mediaLost(): void;
  back(awayMs: number): void;
}): TargetEvents {
  const { media, keys, breaking, mediaLost } = parts;
  return {
    memberJoined: (member) => keys?.stageMember(member),
    memberLeft: (participantId) => keys?.stageMemberLeft(participantId),
    memberChanged: (member) => keys?.stageMemberChanged(member),
    streamAdded: (stream) => {
      media.addStream(stream);
    },
    streamRemoved: (consumerId) => {
      media.removeStream(consumerId);
    },
    streamPaused: (consumerId, paused) => {
      media.pauseStream(consumerId, paused);
    },
    sealed: (_from, message) => keys?.open(message),
    mediaLost,
    away: () => {
      breaking.away();
    },
    back: (awayMs) => {
      parts.back(awayMs);
      if (breaking.back()) mediaLost();
    },
    transportState: () => undefined,
    ended: ({ kind, message }) => {
      breaking.break(new SessionError(kind, message));
    },
  };
}
