import { generationOfKid, kidOf, seatOfKid } from "../../e2ee/keys/kid.ts";
import { RoomSecrets } from "../../e2ee/keys/room-secrets.ts";
import { speakerBaseKey } from "../../e2ee/keys/speaker-key.ts";
import { decodeSFrameHeader } from "../../e2ee/sframe/header.ts";
import { deriveSFrameKey, type SFrameKey } from "../../e2ee/sframe/key.ts";
import { SFrameReceiver } from "../../e2ee/sframe/receiver.ts";
import { SFrameSender } from "../../e2ee/sframe/sender.ts";
import { monotonicMs, type MonotonicMs } from "../../util/clock.ts";
import type { FrameCounts, ToWorker } from "../frame-guard.ts";
import { mediaSuite } from "../media-suite.ts";

/** The others have a new secret by then, and so hear the first frame under it. */
const activationMs = 1000;

type Speaker = { readonly receiver: SFrameReceiver; readonly kids: Set<number> };

/**
 * The keys of one stay in a room, made of its secrets as they are needed. Each speaker has
 * keys of its own, so that a frame passes only on the stream of the one whose seat its KID names.
 */
export class FrameKeys {
  readonly #now: () => number;
  readonly #secrets = new RoomSecrets();
  readonly #seats = new Map<string, number>();
  readonly #speakers = new Map<string, Speaker>();
  /** By KID, and never made twice: their counters go on. */
  readonly #senders = new Map<number, SFrameSender>();
  #self: { readonly participantId: string; readonly seat: number } | undefined;
  /** Generations to speak under, each from an instant on; the first is the present one. */
  #spoken: { readonly generation: number; readonly fromMs: number }[] = [];
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
      case "secret":
        this.#secret(message);
        break;
      case "self": {
        const { participantId, seat } = message;
        this.#self = seat === null ? undefined : { participantId, seat };
        break;
      }
      case "seat":
        if (message.seat === null) this.#leave(message.participantId);
        else this.#seats.set(message.participantId, message.seat);
        break;
    }
  }

  /** The sealed frame; null where there is no key: then nothing may be sent. */
  seal(frame: Uint8Array): Uint8Array | null {
    const sender = this.#sender();
    if (sender === null) return this.#refuse("no-key");
    this.#sealed++;
    return sender.encrypt(frame);
  }

  /** The frame of a speaker; null where it may not be played. */
  open(participantId: string, sealed: Uint8Array): Uint8Array | null {
    const { receiver, kids } = this.#speaker(participantId);
    const kid = decodeSFrameHeader(sealed)?.kid;
    const found = typeof kid === "number" && !kids.has(kid) ? this.#find(participantId, kid) : null;
    if (found !== null) receiver.addKey(found);
    const decrypted = receiver.decrypt(sealed);
    if (decrypted.kind === "refused") {
      // A key that anybody can make us look for is kept only once a frame has proved it.
      if (found !== null) receiver.removeKey(found.kid);
      return this.#refuse(decrypted.cause);
    }
    if (found !== null && typeof kid === "number") {
      kids.add(kid);
      this.#secrets.follow(generationOfKid(kid), this.#clock());
    }
    this.#opened++;
    return decrypted.plaintext;
  }

  /** Forgets the keys of generations that have served their time. To be called now and then. */
  expire(): void {
    for (const generation of this.#secrets.expire(this.#clock())) {
      for (const kid of this.#senders.keys())
        if (generationOfKid(kid) === generation) this.#senders.delete(kid);
      for (const { receiver, kids } of this.#speakers.values()) {
        for (const kid of [...kids]) {
          if (generationOfKid(kid) !== generation) continue;
          kids.delete(kid);
          receiver.removeKey(kid);
        }
      }
    }
  }

  #clock(): MonotonicMs {
    return monotonicMs(this.#now());
  }

  #secret({ generation, secret, isStep }: Extract<ToWorker, { type: "secret" }>): void {
    const nowMs = this.#clock();
    if (!this.#secrets.add(generation, secret, nowMs)) return;
    const isAtOnce = isStep || this.#spoken.length === 0;
    this.#spoken.push({ generation, fromMs: isAtOnce ? nowMs : nowMs + activationMs });
  }

  #sender(): SFrameSender | null {
    const self = this.#self;
    const nowMs = this.#clock();
    while (this.#spoken[1] !== undefined && nowMs >= this.#spoken[1].fromMs) this.#spoken.shift();
    const [present] = this.#spoken;
    if (self === undefined || present === undefined) return null;
    const kid = kidOf(present.generation, self.seat);
    const known = this.#senders.get(kid);
    if (known !== undefined) return known;
    const secret = this.#secrets.get(present.generation, nowMs);
    if (secret === null) return null;
    const sender = new SFrameSender(keyOf(secret, self.participantId, kid));
    this.#senders.set(kid, sender);
    return sender;
  }

  /** Of a secret that is held, or of a later step of one, by whoever has the seat. */
  #find(participantId: string, kid: number): SFrameKey | null {
    if (this.#seats.get(participantId) !== seatOfKid(kid)) return null;
    const secret = this.#secrets.peek(generationOfKid(kid), this.#clock());
    return secret === null ? null : keyOf(secret, participantId, kid);
  }

  #speaker(participantId: string): Speaker {
    const known = this.#speakers.get(participantId) ?? { receiver: new SFrameReceiver(), kids: new Set() };
    this.#speakers.set(participantId, known);
    return known;
  }

  #leave(participantId: string): void {
    this.#seats.delete(participantId);
  }

  #refuse(cause: string): null {
    this.#refused.set(cause, (this.#refused.get(cause) ?? 0) + 1);
    return null;
  }
}

function keyOf(secret: Uint8Array, participantId: string, kid: number): SFrameKey {
  const baseKey = speakerBaseKey({ secret, participantId, kid, suite: mediaSuite });
  return deriveSFrameKey({ suite: mediaSuite, kid, baseKey });
}
