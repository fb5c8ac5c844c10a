/** Runs in the audio thread: looks for chirps in what the page hears, and says nothing itself. */
import { ChirpDetector } from "../audio/chirp-detector.ts";
import type { FromEar } from "./heard.ts";

// What a worklet's global scope has (Web Audio API section 1.32); the types of the page's know nothing of it.
declare const sampleRate: number;
declare const currentFrame: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class Ear extends AudioWorkletProcessor {
  #detector = new ChirpDetector(sampleRate);
  /** The context's frame that the detector's first sample was, and the one that it expects next. */
  #firstFrame = currentFrame;
  #nextFrame = currentFrame;
  readonly #silence = new Float32Array(128);

  process([input]: Float32Array[][]): boolean {
    // A quantum may go by without us, when the graph is being changed: what is found after it must not seem earlier.
    if (currentFrame !== this.#nextFrame) {
      this.#detector = new ChirpDetector(sampleRate);
      this.#firstFrame = currentFrame;
    }
    const samples = input?.[0] ?? this.#silence;
    this.#nextFrame = currentFrame + samples.length;
    for (const { atSample, correlation } of this.#detector.push(samples)) {
      const message: FromEar = { contextSeconds: (this.#firstFrame + atSample) / sampleRate, correlation };
      this.port.postMessage(message);
    }
    return true;
  }
}

registerProcessor("ear", Ear);
