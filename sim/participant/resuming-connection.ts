import { setTimeout as delay } from "node:timers/promises";
import {
  signallingVersion,
  type EventBody,
  type EventName,
  type RequestBody,
  type RequestName,
  type ResponseBody,
  type ResumeAnswer,
} from "../protocol/signalling.ts";
import type { Clock, MonotonicMs } from "../util/clock.ts";
import { SessionError, toSessionError } from "./errors.ts";
import { SignallingConnection } from "./signalling-connection.ts";

/** A server that gives no sign of life to so many pings in a row, this far apart, is out of reach. */
const beat = { periodMs: 2000, mostMissed: 2 };
/** The room server keeps a place for 15 s after it has noticed; nobody waits longer than this. */
const giveUpAfterMs = 30_000;
const attemptMs = 2000;
const answerMs = 10_000;
const pauseMs = 250;

export type ResumingHandlers = {
  event<Name extends EventName>(name: Name, body: EventBody<Name>): void;
  /** The connection is gone, and its place is kept for now. */
  away(): void;
  /** The place is taken up again; events that follow the answer come after this. */
  back(answer: ResumeAnswer, awayMs: number): void;
  /** There is no connection any more, and no way back; once. */
  lost(error: SessionError): void;
  /** The server has let the participant go: its connection's end is the end. */
  isOver(): boolean;
};

/** A signalling connection that outlasts outages: once it has a token, another takes its place when it goes. */
export class ResumingConnection {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #handlers: ResumingHandlers;
  readonly #closing = new AbortController();
  #connection: SignallingConnection | undefined;
  #token: string | undefined;
  /** Settles when there is a connection, or none any more. */
  #presence: PromiseWithResolvers<void> | undefined;

  private constructor(url: string, clock: Clock, handlers: ResumingHandlers) {
    this.#url = url;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** Rejects with a SessionError `unreachable`. */
  static async open(options: {
    url: string;
    clock: Clock;
    handlers: ResumingHandlers;
    signal: AbortSignal;
  }): Promise<ResumingConnection> {
    const { url, clock, handlers, signal } = options;
    const resuming = new ResumingConnection(url, clock, handlers);
    resuming.#connection = await resuming.#open(signal);
    return resuming;
  }

  /** From now on the place outlasts the connection; undefined: the server keeps none. */
  keepPlace(token: string | undefined): void {
    this.#token = token;
  }

  get peer(): { address: string; port: number } | undefined {
    return this.#connection?.peer;
  }

  /** Rejects as {@link SignallingConnection.request} does, and with `disconnected` while the connection is gone. */
  async request<Name extends RequestName>(
    name: Name,
    body: RequestBody<Name>,
    signal?: AbortSignal,
    onAnswer?: (answer: ResponseBody<Name>) => void,
  ): Promise<ResponseBody<Name>> {
    if (this.#connection === undefined) throw new SessionError("disconnected", "the signalling is away");
    return await this.#connection.request(name, body, signal, onAnswer);
  }

  /** The same across outages: what may have got through before one is asked again after it. */
  async requestAcross<Name extends RequestName>(
    name: Name,
    body: RequestBody<Name>,
    signal?: AbortSignal,
  ): Promise<ResponseBody<Name>> {
    for (;;) {
      await this.#present(signal);
      try {
        return await this.request(name, body, signal);
      } catch (error) {
        const goes = error instanceof SessionError && error.failure === "disconnected";
        if (!goes || this.#presence === undefined || this.#closing.signal.aborted) throw error;
      }
    }
  }

  /** Drops the connection, which has no place any more; safe to call twice. */
  end(): void {
    this.#token = undefined;
    this.close();
  }

  /** Leaves without waiting, where it has a place that would outlast it, and drops the connection; safe to call twice. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#presence?.reject(new SessionError("disconnected", "closed"));
    if (this.#token !== undefined) this.#connection?.request("leave", {}).catch(() => undefined);
    this.#connection?.close();
  }

  #open(signal: AbortSignal): Promise<SignallingConnection> {
    let opened: SignallingConnection | undefined;
    const opening = SignallingConnection.open(
      this.#url,
      {
        event: (name, body) => {
          this.#handlers.event(name, body);
        },
        closed: (message, failure, lastSignAt) => {
          if (opened === undefined || opened !== this.#connection) return;
          this.#gone(new SessionError(failure, message), lastSignAt);
        },
      },
      signal,
      { ...beat, clock: this.#clock },
    );
    return opening.then((connection) => (opened = connection));
  }

  #gone(error: SessionError, lastSignAt: MonotonicMs): void {
    this.#connection = undefined;
    if (this.#closing.signal.aborted) return;
    // Who sent what does not fit will not do better the second time.
    if (this.#token === undefined || error.failure === "protocol" || this.#handlers.isOver()) {
      this.#lose(error);
      return;
    }
    this.#presence = Promise.withResolvers();
    // Nobody may be waiting for it.
    this.#presence.promise.catch(() => undefined);
    this.#handlers.away();
    void this.#comeBack(error, lastSignAt);
  }

  async #comeBack(cause: SessionError, lastSignAt: MonotonicMs): Promise<void> {
    const over = AbortSignal.any([AbortSignal.timeout(giveUpAfterMs), this.#closing.signal]);
    while (!over.aborted) {
      const failure = await this.#tryToComeBack(over, lastSignAt);
      if (failure === undefined || this.#closing.signal.aborted) return;
      if (failure.failure === "refused") {
        this.#lose(new SessionError("disconnected", `${cause.message}; ${failure.message}`));
        return;
      }
      await delay(pauseMs, undefined, { signal: over }).catch(() => undefined);
    }
    if (!this.#closing.signal.aborted) this.#lose(cause);
  }

  /** Undefined: back, and told so. */
  async #tryToComeBack(over: AbortSignal, lastSignAt: MonotonicMs): Promise<SessionError | undefined> {
    let connection: SignallingConnection | undefined;
    try {
      connection = await this.#open(AbortSignal.any([over, AbortSignal.timeout(attemptMs)]));
      const found = connection;
      const body = { version: signallingVersion, resumeToken: this.#token ?? "" } as const;
      // The token is good once: who has shown it waits for the answer.
      await found.request(
        "resume",
        body,
        AbortSignal.any([over, AbortSignal.timeout(answerMs)]),
        (answer) => {
          this.#connection = found;
          this.#token = answer.resumeToken;
          const presence = this.#presence;
          this.#presence = undefined;
          this.#handlers.back(answer, this.#clock.now() - lastSignAt);
          presence?.resolve();
        },
      );
      return undefined;
    } catch (error) {
      connection?.close();
      return toSessionError(error);
    }
  }

  #lose(error: SessionError): void {
    this.#presence?.reject(error);
    this.#token = undefined;
    this.#handlers.lost(error);
  }

  async #present(signal: AbortSignal | undefined): Promise<void> {
    if (this.#presence === undefined) return;
    if (signal === undefined) {
      await this.#presence.promise;
      return;
    }
    const late = Promise.withResolvers<never>();
    const abort = (): void => {
      late.reject(new SessionError("unreachable", "the signalling did not come back in time"));
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#presence.promise, late.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
