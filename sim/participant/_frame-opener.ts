import { generationOfKid } from "../e2ee/keys/kid.ts";
import type { SFrameKey } from "../e2ee/sframe/key.ts";
import { SFrameReceiver, type RefusalCause } from "../e2ee/sframe/receiver.ts";

/** Keys for KIDs that nobody gave: later steps of a secret that is held. */
export type ObserverKeys = {
  find(kid: number): { readonly participantId: string; readonly key: SFrameKey } | null;
  /** A frame has authenticated under what was found. */
  found(kid: number): void;
};

export type FrameRefusal = RefusalCause | "wrong-speaker";

/** One listener's keys, each of which opens frames on its own speaker's stream alone. */
export class FrameOpener {
  readonly #receiver: SFrameReceiver;
  /** Whose key it is, by KID; undefined: it opens on any stream. */
  readonly #speakers = new Map<number, string | undefined>();

  constructor(keys: ObserverKeys | undefined) {
    this.#receiver = new SFrameReceiver({
      find: (kid) => keys?.find(Number(kid))?.key ?? null,
      found: (kid) => {
        this.#speakers.set(Number(kid), keys?.find(Number(kid))?.participantId);
        keys?.found(Number(kid));
      },
    });
  }

  get hasKeys(): boolean {
    return this.#speakers.size > 0;
  }

  addKey(key: SFrameKey, participantId: string | undefined): void {
    this.#receiver.addKey(key);
    this.#speakers.set(Number(key.kid), participantId);
  }

  dropKeys(generation: number): void {
    for (const kid of this.#speakers.keys()) {
      if (generationOfKid(kid) !== generation) continue;
      this.#receiver.removeKey(kid);
      this.#speakers.delete(kid);
    }
  }

  /** Null where the frame opened; `wrong-speaker`: on another's stream, where the server has put it. */
  refusal(payload: Uint8Array, participantId: string | undefined): FrameRefusal | null {
    const opened = this.#receiver.decrypt(payload);
    if (opened.kind === "refused") return opened.cause;
    const speaker = this.#speakers.get(Number(opened.kid));
    return speaker === undefined || speaker === participantId ? null : "wrong-speaker";
  }
}
