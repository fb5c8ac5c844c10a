import { allocate } from "#primitives";
import { E2eeError } from "../errors.ts";
import type { Uint64 } from "../uint64.ts";
import { sframeHeaderBytes, writeSFrameHeader } from "./header.ts";
import type { SFrameKey } from "./key.ts";

/**
 * Encrypts one frame under a counter of the caller's choice: header, ciphertext,
 * tag. Two frames under one key and counter give both away, so everything but a
 * test goes through {@link SFrameSender}.
 */
export function sealFrame(key: SFrameKey, ctr: Uint64, frame: Uint8Array, metadata?: Uint8Array): Uint8Array {
  const message = allocate(sframeHeaderBytes(key.kid, ctr) + frame.length + key.tagBytes);
  key.cipher.seal(message, writeSFrameHeader(message, key.kid, ctr), ctr, frame, metadata);
  return message;
}

const keysInUse = new WeakSet<SFrameKey>();

/**
 * 2^32 frames a key, 2.7 years of 20 ms frames: keeps AES-GCM within the usual
 * margins (draft-irtf-cfrg-aead-limits) and the counter within four bytes.
 */
export const defaultFrameLimit = 2 ** 32;

/** Encrypts the frames of one sender under one key, each with the next counter. */
export class SFrameSender {
  readonly #key: SFrameKey;
  readonly #limit: number;
  #next: number;

  /**
   * Throws an {@link E2eeError} `key-in-use` when the key already has a sender, as
   * that one's counters would come again.
   */
  constructor(
    key: SFrameKey,
    options: {
      /** Default 0. */
      firstCounter?: number;
      /** No counter reaches this; default {@link defaultFrameLimit}. */
      counterLimit?: number;
    } = {},
  ) {
    if (keysInUse.has(key)) {
      throw new E2eeError("key-in-use", `the key with KID ${key.kid} already has a sender`, {
        hint: "keep that sender, or take a new KID",
      });
    }
    const next = options.firstCounter ?? 0;
    const limit = options.counterLimit ?? defaultFrameLimit;
    if (!(Number.isSafeInteger(next) && Number.isSafeInteger(limit) && next >= 0)) {
      throw new RangeError(`counters are integers from 0 to 2^53 - 1; found ${next} and ${limit}`);
    }
    keysInUse.add(key);
    this.#key = key;
    this.#next = next;
    this.#limit = limit;
  }

  get kid(): Uint64 {
    return this.#key.kid;
  }

  /**
   * The frame as an SFrame message; `metadata` is authenticated and not sent. The
   * result may be a view into memory shared with others: copy it before transferring it.
   * Throws an {@link E2eeError} `counter-exhausted` past the limit.
   */
  encrypt(frame: Uint8Array, metadata?: Uint8Array): Uint8Array {
    if (this.#next >= this.#limit) {
      throw new E2eeError(
        "counter-exhausted",
        `KID ${this.#key.kid} has used all of its ${this.#limit} counters`,
        {
          hint: "take a new key",
        },
      );
    }
    return sealFrame(this.#key, this.#next++, frame, metadata);
  }
}
