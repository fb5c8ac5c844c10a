/** Runs in the audio thread: looks for chirps in what the page hears, and gives out silence. */
import { Quanta } from "./heard-quanta.ts";
import type { FromEar } from "./heard.ts";

// What a worklet's global scope has (Web Audio API section 1.32); the page's types know nothing of it.
declare const sampleRate: number;
declare const currentFrame: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Web Audio API section 1.1: a render quantum. */
const quantumSamples = 128;

class Ear extends AudioWorkletProcessor {
  readonly #quanta = new Quanta(sampleRate);
  readonly #silence = new Float32Array(quantumSamples);

  process([input]: Float32Array[][]): boolean {
    // Without a source there is no channel, and time goes on.
    for (const heard of this.#quanta.push(currentFrame, input?.[0] ?? this.#silence))
      this.port.postMessage(heard satisfies FromEar);
    return true;
  }
}

registerProcessor("ear", Ear);
