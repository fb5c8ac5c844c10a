import * as mediasoup from "mediasoup";
import type { types } from "mediasoup";
import type { DtlsParameters, EventBody, TransportParameters } from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import type { RoomRouter } from "./room-router.ts";

const initialBitrateBps = 1_000_000;
const iceConsentTimeoutSeconds = 30;

export type Direction = "send" | "receive";

/** Runs what depends on a client's media parameters: what mediasoup says against them goes back to the client. */
export async function clientMedia<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof RequestError || isWorkerGone(cause)) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RequestError("bad-media", message, { cause });
  }
}

/** A worker that died took what was asked of it along. */
export function isWorkerGone(error: unknown): boolean {
  return error instanceof mediasoup.errors.WorkerClosedError;
}

type TransportOptions = {
  at: RoomRouter;
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
  /** Where it is. */
  readonly at: RoomRouter;
  #lost = false;

  private constructor(direction: Direction, webRtc: types.WebRtcTransport, at: RoomRouter) {
    this.direction = direction;
    this.webRtc = webRtc;
    this.at = at;
    webRtc.once("routerclose", () => {
      this.#lost = true;
    });
    at.mediaWorker.load++;
    webRtc.observer.once("close", () => {
      at.mediaWorker.load--;
    });
  }

  /** Throws RequestError `bad-media` for DTLS parameters that do not fit. */
  static async open(options: TransportOptions): Promise<MediaTransport> {
    const { at, direction, dtlsParameters, events, onState } = options;
    const webRtc = await at.router.createWebRtcTransport({
      webRtcServer: at.mediaWorker.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      initialAvailableOutgoingBitrate: initialBitrateBps,
      iceConsentTimeout: iceConsentTimeoutSeconds,
    });
    const transport = new MediaTransport(direction, webRtc, at);
    const tell = (): void => {
      onState({ transportId: webRtc.id, ice: webRtc.iceState, dtls: webRtc.dtlsState });
    };
    // Once when media can come, and whenever it no longer can: the steps between are many, and news to nobody.
    webRtc.on("icestatechange", (state) => {
      if (state === "connected" || state === "completed") return;
      if (state === "disconnected") events.iceFailed(webRtc.id);
      tell();
    });
    webRtc.on("dtlsstatechange", (state) => {
      if (state === "connecting") return;
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

  /** It closed because its router did, with its worker or its room: nothing that the client did. */
  get lost(): boolean {
    return this.#lost;
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
