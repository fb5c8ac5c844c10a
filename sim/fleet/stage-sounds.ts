import { ChirpSource, encodeChirps } from "../audio/chirp-source.ts";
import { chirp } from "../audio/chirp.ts";
import { loadCorpus, nearestVoice, type Corpus } from "../audio/corpus.ts";
import { FrameSource, type SourcedFrame } from "../audio/frame-source.ts";
import type { OpusFrame } from "../audio/corpus.ts";
import { planConversation, type Talkspurt } from "../persona/conversation.ts";
import { createPersona, type Persona } from "../persona/persona.ts";
import type { ChirpSchedule } from "../protocol/fleet.ts";
import type { RunPlan } from "../protocol/run-plan.ts";
import { createRandom, type Random } from "../util/random.ts";

/** What is spoken with: recorded voices, or chirps. */
export type Material =
  | { readonly kind: "speech"; readonly corpus: Corpus }
  | { readonly kind: "chirps"; readonly frames: readonly OpusFrame[] };

/** `cacheDirectory`: where the corpus is kept. Throws a SetupError `corpus-not-written`. */
export async function loadMaterial(plan: RunPlan, cacheDirectory: string): Promise<Material> {
  const { bitrateBps } = plan.audio;
  return plan.conversation.model === "chirp"
    ? { kind: "chirps", frames: await encodeChirps(bitrateBps) }
    : { kind: "speech", corpus: await loadCorpus({ directory: cacheDirectory, bitrateBps }) };
}

/** Who is on the stage, and what comes out of each microphone. */
export class StageSounds {
  readonly personas: readonly Persona[];
  readonly #material: Material;
  readonly #talk: Talkspurt[][];
  readonly #isSilent: boolean;
  readonly #random: Random;

  constructor({ conversation, stage, seed }: RunPlan, material: Material) {
    const { model, seconds } = conversation;
    const speakers = 1 + stage.speakers;
    const random = createRandom(seed);
    this.#material = material;
    this.#random = random;
    // In a silent room everybody is muted; a muted microphone sends not even room tone.
    this.#isSilent = model === "silent";
    this.personas = Array.from({ length: speakers }, (_, index) =>
      createPersona(random.fork(`speaker:${index}`)),
    );
    this.#talk = planConversation({
      model: model === "chirp" ? "silent" : model,
      speakers,
      seconds,
      talkativeness: this.personas.map(({ talkativeness }) => talkativeness),
      random: random.fork("conversation"),
    });
  }

  /** A frame for every 20 ms; undefined: the speaker is muted all along. */
  sourceFor(index: number): { next(): SourcedFrame } | undefined {
    const persona = this.personas[index];
    if (this.#isSilent || persona === undefined) return undefined;
    if (this.#material.kind === "chirps")
      return index === 0 ? new ChirpSource(this.#material.frames) : undefined;
    const { corpus } = this.#material;
    return new FrameSource({
      corpus,
      voice: nearestVoice(corpus, persona.voice),
      talkspurts: this.#talk[index] ?? [],
      random: this.#random.fork(`utterances:${index}`),
    });
  }

  /** When the host's chirps are, given when its first frame is due, since 1970; null where nobody chirps. */
  chirpsFrom(firstFrameDueUnixMs: number): ChirpSchedule | null {
    if (this.#material.kind !== "chirps") return null;
    return { firstAtUnixMs: ChirpSource.firstChirpMs(firstFrameDueUnixMs), periodMs: chirp.periodMs };
  }
}
