/** Seals and opens every frame, off the page's thread (W3C webrtc-encoded-transform). */
import type { FromWorker, ToWorker, TransformOptions } from "../frame-guard.ts";
import { FrameKeys } from "./frame-keys.ts";

const countsEveryMs = 500;

type EncodedFrame = { data: ArrayBuffer };
type TransformEvent = Event & {
  readonly transformer: {
    readonly readable: ReadableStream<EncodedFrame>;
    readonly writable: WritableStream<EncodedFrame>;
    readonly options: TransformOptions;
  };
};

const keys = new FrameKeys(() => performance.now());

/** The frame goes on only with bytes that came out of SFrame. */
function transform(
  work: (data: Uint8Array) => Uint8Array | null,
): TransformStream<EncodedFrame, EncodedFrame> {
  return new TransformStream({
    transform(frame, controller) {
      const done = work(new Uint8Array(frame.data));
      if (done === null) return;
      // A copy: what SFrame gives may be a view into memory that it shares.
      frame.data = new Uint8Array(done).buffer;
      controller.enqueue(frame);
    },
  });
}

self.addEventListener("rtctransform", (event) => {
  const { readable, writable, options } = (event as TransformEvent).transformer;
  const work =
    options.direction === "send"
      ? (data: Uint8Array) => keys.seal(data)
      : (data: Uint8Array) => keys.open(options.participantId, data);
  // Ends with its transceiver, by whatever error that gives.
  readable
    .pipeThrough(transform(work))
    .pipeTo(writable)
    .catch(() => undefined);
});

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  keys.take(data);
});

let told = "";
setInterval(() => {
  keys.expire();
  const message: FromWorker = { type: "counts", counts: keys.counts };
  const text = JSON.stringify(message);
  if (text === told) return;
  told = text;
  self.postMessage(message);
}, countsEveryMs);
