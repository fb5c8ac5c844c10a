// oxlint-disable-next-line import/default -- Vite bundles it as a worker, and gives its address
import workletUrl from "./heard-worklet.ts?worker&url";
import { OutputClock } from "./heard-clock.ts";
import type { HeardChirp } from "./surface.ts";

/** From the audio thread: where in the context's time a chirp began, and how like one it was. */
export type FromEar = { readonly contextSeconds: number; readonly correlation: number };

/** How often the output's clock is read, and the sources are looked at. */
const periodMs = 100;

/** Hears what the page plays: all tracks together, through a worklet that finds chirps. */
export class Ear {
  readonly #context: AudioContext;
  readonly #tracks: () => ReadonlySet<MediaStreamTrack>;
  readonly #node: AudioWorkletNode;
  readonly #clock = new OutputClock();
  readonly #sources = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();
  #heard: HeardChirp[] = [];

  private constructor(
    context: AudioContext,
    node: AudioWorkletNode,
    tracks: () => ReadonlySet<MediaStreamTrack>,
  ) {
    this.#context = context;
    this.#node = node;
    this.#tracks = tracks;
    node.port.addEventListener("message", ({ data }: MessageEvent<FromEar>) => {
      this.#hear(data);
    });
    node.port.start();
    this.#look();
    setInterval(() => {
      this.#look();
    }, periodMs);
  }

  /** `tracks`: what the page plays now. It is not changed: the ear listens beside. */
  static async open(tracks: () => ReadonlySet<MediaStreamTrack>): Promise<Ear> {
    const context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    await context.resume();
    await context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(context, "ear", {
      numberOfInputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    // It gives out silence; a node that leads nowhere is not asked for any.
    node.connect(context.destination);
    return new Ear(context, node, tracks);
  }

  /** How long sound goes on its way from the audio graph to the output, as the browser tells, in milliseconds. */
  get outputMs(): number {
    return 1000 * (this.#context.baseLatency + this.#context.outputLatency);
  }

  /** What was heard since the last time. */
  take(): HeardChirp[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  #hear({ contextSeconds, correlation }: FromEar): void {
    const at = this.#clock.unixMsOf(contextSeconds);
    if (at !== undefined) this.#heard.push({ ...at, correlation });
  }

  #look(): void {
    const { contextTime, performanceTime } = this.#context.getOutputTimestamp();
    if (contextTime !== undefined && performanceTime !== undefined && contextTime > 0)
      this.#clock.read({ contextSeconds: contextTime, unixMs: performance.timeOrigin + performanceTime });
    const tracks = this.#tracks();
    for (const [track, source] of this.#sources) {
      if (tracks.has(track)) continue;
      source.disconnect();
      this.#sources.delete(track);
    }
    for (const track of tracks) {
      if (this.#sources.has(track)) continue;
      const source = this.#context.createMediaStreamSource(new MediaStream([track]));
      source.connect(this.#node);
      this.#sources.set(track, source);
    }
  }
}
