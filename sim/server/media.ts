import * as mediasoup from "mediasoup";
import type { types } from "mediasoup";
import type {
  DtlsParameters,
  EventBody,
  StreamDescription,
  TransportParameters,
} from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import type { MediaWorker } from "./worker-pool.ts";

const initialBitrateBps = 1_000_000;
const iceConsentTimeoutSeconds = 30;

export type Direction = "send" | "receive";

/** Runs what depends on a client's media parameters: what mediasoup says against them goes back to the client. */
export async function clientMedia<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof RequestError || cause instanceof mediasoup.errors.WorkerClosedError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RequestError("bad-media", message, { cause });
  }
}

type TransportOptions = {
  router: types.Router;
  mediaWorker: MediaWorker;
  direction: Direction;
  /** Given: connected at once. */
  dtlsParameters: DtlsParameters | undefined;
  events: ServerEvents;
  onState(state: EventBody<"transportState">): void;
};

/** A client's WebRTC transport; it closes itself when DTLS ends. */
export class MediaTransport {
  readonly direction: Direction;
  readonly webRtc: types.WebRtcTransport;

  private constructor(direction: Direction, webRtc: types.WebRtcTransport) {
    this.direction = direction;
    this.webRtc = webRtc;
  }

  /** Throws RequestError `bad-media` for DTLS parameters that do not fit. */
  static async open(options: TransportOptions): Promise<MediaTransport> {
    const { router, mediaWorker, direction, dtlsParameters, events, onState } = options;
    const webRtc = await router.createWebRtcTransport({
      webRtcServer: mediaWorker.webRtcServer,
      enableUdp: true,
      initialAvailableOutgoingBitrate: initialBitrateBps,
      iceConsentTimeout: iceConsentTimeoutSeconds,
    });
    const transport = new MediaTransport(direction, webRtc);
    const tell = (): void => {
      onState({ transportId: webRtc.id, ice: webRtc.iceState, dtls: webRtc.dtlsState });
    };
    webRtc.on("icestatechange", (state) => {
      if (state === "disconnected") events.iceFailed(webRtc.id);
      tell();
    });
    webRtc.on("dtlsstatechange", (state) => {
      if (state === "failed") events.dtlsFailed(webRtc.id);
      tell();
      if (state === "failed" || state === "closed") transport.close();
    });
    try {
      if (dtlsParameters !== undefined) await transport.connect(dtlsParameters);
    } catch (error) {
      transport.close();
      throw error;
    }
    return transport;
  }

  get id(): string {
    return this.webRtc.id;
  }

  get closed(): boolean {
    return this.webRtc.closed;
  }

  /** What the client needs to reach it. */
  get parameters(): TransportParameters {
    const { id, iceParameters, iceCandidates, dtlsParameters } = this.webRtc;
    return { transportId: id, iceParameters, iceCandidates, dtlsParameters };
  }

  async connect({ role, fingerprints }: DtlsParameters): Promise<void> {
    await clientMedia(() => this.webRtc.connect({ dtlsParameters: { role: role ?? "auto", fingerprints } }));
  }

  onClose(listener: () => void): void {
    this.webRtc.observer.once("close", listener);
  }

  close(): void {
    this.webRtc.close();
  }
}

/** A stream on the stage. */
export class Stream {
  readonly participantId: string;
  readonly #producer: types.Producer;

  constructor(participantId: string, producer: types.Producer) {
    this.participantId = participantId;
    this.#producer = producer;
  }

  get id(): string {
    return this.#producer.id;
  }

  get paused(): boolean {
    return this.#producer.paused;
  }

  get closed(): boolean {
    return this.#producer.closed;
  }

  async setPaused(paused: boolean): Promise<void> {
    await (paused ? this.#producer.pause() : this.#producer.resume());
  }

  close(): void {
    this.#producer.close();
  }
}

/** The stage's streams on their way to one receiver. */
export class Subscription {
  readonly transport: MediaTransport;
  readonly #capabilities: types.RtpCapabilities;
  // A stream whose consumer is still being made is in here, as undefined.
  readonly #consumers = new Map<string, types.Consumer | undefined>();

  constructor(transport: MediaTransport, capabilities: types.RtpCapabilities) {
    this.transport = transport;
    this.#capabilities = capabilities;
  }

  get size(): number {
    return this.#consumers.size;
  }

  /** Forwards a stream; undefined if it is forwarded already, or ended meanwhile. */
  async add(stream: Stream): Promise<StreamDescription | undefined> {
    if (this.#consumers.has(stream.id)) return undefined;
    this.#consumers.set(stream.id, undefined);
    let consumer: types.Consumer;
    try {
      consumer = await this.transport.webRtc.consume({
        producerId: stream.id,
        rtpCapabilities: this.#capabilities,
      });
    } catch (error) {
      this.#consumers.delete(stream.id);
      if (stream.closed || this.transport.closed) return undefined;
      throw error;
    }
    if (stream.closed || this.transport.closed || !this.#consumers.has(stream.id)) {
      this.#consumers.delete(stream.id);
      consumer.close();
      return undefined;
    }
    this.#consumers.set(stream.id, consumer);
    return {
      streamId: stream.id,
      participantId: stream.participantId,
      consumerId: consumer.id,
      paused: stream.paused,
      rtpParameters: consumer.rtpParameters,
    };
  }

  /** This receiver's copy of a stream; undefined if there is none, or not yet. */
  consumerId(streamId: string): string | undefined {
    return this.#consumers.get(streamId)?.id;
  }

  /** Forgets a stream that has ended. */
  drop(streamId: string): void {
    this.#consumers.delete(streamId);
  }
}
