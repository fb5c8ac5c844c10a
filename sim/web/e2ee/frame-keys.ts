import { generationOfKid } from "../../e2ee/keys/kid.ts";
import { deriveSFrameKey } from "../../e2ee/sframe/key.ts";
import { SFrameReceiver } from "../../e2ee/sframe/receiver.ts";
import { SFrameSender } from "../../e2ee/sframe/sender.ts";
import { mediaSuite } from "../media-suite.ts";
import type { FrameCounts, ToWorker } from "../frame-guard.ts";

/**
 * The keys of one stay in a room, and what is done by them. Each speaker has keys of
 * its own, so that a frame passes only on the stream of the one whose seat its KID names.
 */
export class FrameKeys {
  readonly #now: () => number;
  readonly #receivers = new Map<string, { receiver: SFrameReceiver; kids: Set<number> }>();
  #sender: SFrameSender | undefined;
  #pending: { readonly sender: SFrameSender; readonly fromMs: number } | undefined;
  #sealed = 0;
  #opened = 0;
  readonly #refused = new Map<string, number>();

  /** `now`: milliseconds on any steady clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get counts(): FrameCounts {
    return { sealed: this.#sealed, opened: this.#opened, refused: Object.fromEntries(this.#refused) };
  }

  take(message: ToWorker): void {
    switch (message.type) {
      case "send-key": {
        const sender = new SFrameSender(keyOf(message));
        if (this.#sender === undefined) this.#sender = sender;
        else this.#pending = { sender, fromMs: this.#now() + message.afterMs };
        break;
      }
      case "no-send-key":
        this.#sender = undefined;
        this.#pending = undefined;
        break;
      case "receive-key": {
        const known = this.#receiverOf(message.participantId);
        known.kids.add(message.kid);
        known.receiver.addKey(keyOf(message));
        break;
      }
      case "drop-generation":
        for (const { receiver, kids } of this.#receivers.values()) {
          for (const kid of [...kids]) {
            if (generationOfKid(kid) !== message.generation) continue;
            kids.delete(kid);
            receiver.removeKey(kid);
          }
        }
        break;
    }
  }

  /** The sealed frame; null where there is no key: then nothing may be sent. */
  seal(frame: Uint8Array): Uint8Array | null {
    if (this.#pending !== undefined && this.#now() >= this.#pending.fromMs) {
      this.#sender = this.#pending.sender;
      this.#pending = undefined;
    }
    if (this.#sender === undefined) return this.#refuse("no-key");
    this.#sealed++;
    return this.#sender.encrypt(frame);
  }

  /** The frame of a speaker; null where it may not be played. */
  open(participantId: string, sealed: Uint8Array): Uint8Array | null {
    const decrypted = this.#receiverOf(participantId).receiver.decrypt(sealed);
    if (decrypted.kind === "refused") return this.#refuse(decrypted.cause);
    this.#opened++;
    return decrypted.plaintext;
  }

  #receiverOf(participantId: string): { receiver: SFrameReceiver; kids: Set<number> } {
    const known = this.#receivers.get(participantId) ?? { receiver: new SFrameReceiver(), kids: new Set() };
    this.#receivers.set(participantId, known);
    return known;
  }

  #refuse(cause: string): null {
    this.#refused.set(cause, (this.#refused.get(cause) ?? 0) + 1);
    return null;
  }
}

function keyOf({ kid, baseKey }: { kid: number; baseKey: Uint8Array }): ReturnType<typeof deriveSFrameKey> {
  return deriveSFrameKey({ suite: mediaSuite, kid, baseKey });
}
