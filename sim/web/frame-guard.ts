import type { RefusalCause } from "../e2ee/sframe/receiver.ts";

/** Counts of frames since the page was opened. */
export type FrameCounts = {
  readonly sealed: number;
  readonly opened: number;
  readonly refused: Readonly<Partial<Record<RefusalCause | "no-key", number>>>;
};

export type ToWorker =
  /** Of the room. `isStep`: it is spoken under at once; else a little later. */
  | {
      readonly type: "secret";
      readonly generation: number;
      readonly secret: Uint8Array;
      readonly isStep: boolean;
    }
  /** Our own seat; null: in the audience, where nothing is said. */
  | { readonly type: "self"; readonly participantId: string; readonly seat: number | null }
  /** Somebody else's; null: not on the stage. */
  | { readonly type: "seat"; readonly participantId: string; readonly seat: number | null };

export type FromWorker = { readonly type: "counts"; readonly counts: FrameCounts };

export type TransformOptions =
  | { readonly direction: "send" }
  | { readonly direction: "receive"; readonly participantId: string };

/**
 * Puts SFrame between codec and network, in a worker of its own: no frame leaves or
 * reaches the codec without it. A browser that lacks RTCRtpScriptTransform cannot take part.
 */
export class FrameGuard {
  readonly #worker: Worker;

  constructor(onCounts: (counts: FrameCounts) => void) {
    this.#worker = new Worker(new URL("./e2ee/worker.ts", import.meta.url), {
      type: "module",
      name: "sframe",
    });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      onCounts(data.counts);
    });
  }

  static get isSupported(): boolean {
    return typeof RTCRtpScriptTransform === "function";
  }

  protectSender(sender: RTCRtpSender): void {
    sender.transform = this.#transform({ direction: "send" });
  }

  protectReceiver(receiver: RTCRtpReceiver, participantId: string): void {
    receiver.transform = this.#transform({ direction: "receive", participantId });
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  close(): void {
    this.#worker.terminate();
  }

  #transform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.#worker, options);
  }
}
