/**
 * SFrame's ciphers by key stream made in advance (`_key-stream.ts`) and tags
 * computed in WebAssembly (`_ghash.ts`, `_sha256.ts`): a frame whose counter is
 * near the last ones costs no call into another library and allocates its plaintext
 * only. Best where many receivers share a key. Not constant-time (`_ghash.ts`).
 */
import { allocate, referenceEngine } from "#primitives";
import { highWord, lowWord } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";
import { ghashTableBytes, swapped, writeGhashTables } from "./_ghash.ts";
import {
  additionalDataAt,
  gcmTag,
  kernelBytes,
  kernelWords,
  longestBytes,
  messageAt,
  outerBlockAt,
  sha256,
  slotAt,
  slots as slotCount,
  tagAt,
} from "./_kernel.ts";
import { KeyStream } from "./_key-stream.ts";
import { sha256InitialState } from "./_sha256.ts";
import { Slots } from "./_slots.ts";
import type { Engine, FrameCipher } from "./engine.ts";
import { nonceBytes } from "./suites.ts";
import type { CtrHmacParameters, GcmParameters, SuiteParameters } from "./suites.ts";

/** A few seconds of a large room. */
const usesUntilGivenUp = 100_000;
const slots = new Slots(slotCount, usesUntilGivenUp);
let owners = 0;

const gcmMaskBytes = 16;
/** HMAC's input before additional data and ciphertext: three lengths and the nonce (RFC 9605 section 4.5.1). */
const prefixBytes = 24 + nonceBytes;
const hashBlockBytes = 64;
const digestBytes = 32;
const none = new Uint8Array(0);

function writeWord(at: number, word: number): void {
  kernelBytes[at] = word >>> 24;
  kernelBytes[at + 1] = word >>> 16;
  kernelBytes[at + 2] = word >>> 8;
  kernelBytes[at + 3] = word;
}

/** All that the suites have in common: a slot, key stream, and who does what does not fit. */
abstract class WindowCipher implements FrameCipher {
  protected readonly stream: KeyStream;
  readonly #tagBytes: number;
  /** Bytes of a counter's key stream that encrypt nothing. */
  readonly #maskBytes: number;
  readonly #makeFallback: () => FrameCipher;
  #fallback: FrameCipher | undefined;
  readonly #owner = ++owners;
  #slot = 0;

  constructor(stream: KeyStream, tagBytes: number, maskBytes: number, makeFallback: () => FrameCipher) {
    this.stream = stream;
    this.#tagBytes = tagBytes;
    this.#maskBytes = maskBytes;
    this.#makeFallback = makeFallback;
  }

  /** Writes what the key's tags need to a slot of `ghashTableBytes`. */
  protected abstract ready(keyAt: number): void;

  /**
   * Computes the tag of a message in place and leaves it at `tagAt`; whether it differs from the
   * message's own. Every byte is looked at, so that the time taken says nothing about the first that differs.
   */
  protected abstract differs(
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    metadata: Uint8Array,
    keyAt: number,
    streamAt: number,
  ): boolean;

  seal(message: Uint8Array, headerBytes: number, ctr: Uint64, frame: Uint8Array, metadata = none): void {
    const keyAt = this.#keyAt(headerBytes, frame.length, metadata);
    if (keyAt < 0) {
      this.#reference().seal(message, headerBytes, ctr, frame, metadata);
      return;
    }
    const streamAt = this.#streamAt(ctr, frame.length, keyAt);
    const padAt = streamAt + this.#maskBytes;
    for (let at = 0; at < frame.length; at++) {
      message[headerBytes + at] = (frame[at] ?? 0) ^ (kernelBytes[padAt + at] ?? 0);
    }
    this.differs(message, headerBytes, ctr, metadata, keyAt, streamAt);
    const end = headerBytes + frame.length;
    for (let at = 0; at < this.#tagBytes; at++) message[end + at] = kernelBytes[tagAt + at] ?? 0;
  }

  open(message: Uint8Array, headerBytes: number, ctr: Uint64, metadata = none): Uint8Array | null {
    const frameBytes = message.length - headerBytes - this.#tagBytes;
    const keyAt = this.#keyAt(headerBytes, frameBytes, metadata);
    if (keyAt < 0) return this.#reference().open(message, headerBytes, ctr, metadata);
    const streamAt = this.#streamAt(ctr, frameBytes, keyAt);
    if (this.differs(message, headerBytes, ctr, metadata, keyAt, streamAt)) return null;
    const plaintext = allocate(frameBytes);
    const padAt = streamAt + this.#maskBytes;
    for (let at = 0; at < frameBytes; at++) {
      plaintext[at] = (message[headerBytes + at] ?? 0) ^ (kernelBytes[padAt + at] ?? 0);
    }
    return plaintext;
  }

  /** The address of this key's slot; -1 when the frame is too long or no slot is to be had. */
  #keyAt(headerBytes: number, frameBytes: number, metadata: Uint8Array): number {
    if (frameBytes > longestBytes || headerBytes + metadata.length > longestBytes) return -1;
    if (!slots.use(this.#slot, this.#owner)) {
      const slot = slots.take(this.#owner);
      if (slot < 0) return -1;
      this.#slot = slot;
      this.ready(slotAt(slot));
      this.stream.forget();
    }
    return slotAt(this.#slot);
  }

  #streamAt(ctr: Uint64, frameBytes: number, keyAt: number): number {
    return this.stream.at(ctr, this.#maskBytes + frameBytes, keyAt + ghashTableBytes);
  }

  #reference(): FrameCipher {
    return (this.#fallback ??= this.#makeFallback());
  }
}

class WindowGcm extends WindowCipher {
  constructor(suite: GcmParameters, key: Uint8Array, salt: Uint8Array, makeFallback: () => FrameCipher) {
    super(new KeyStream(key, salt, 1), suite.tagBytes, gcmMaskBytes, makeFallback);
  }

  protected override ready(keyAt: number): void {
    writeGhashTables(kernelWords, keyAt / 4, this.stream.hashKey());
  }

  protected override differs(
    message: Uint8Array,
    headerBytes: number,
    _ctr: Uint64,
    metadata: Uint8Array,
    keyAt: number,
    streamAt: number,
  ): boolean {
    const frameBytes = message.length - headerBytes - gcmMaskBytes;
    const textAt = messageAt + headerBytes;
    kernelBytes.set(message, messageAt);
    let aadAt = messageAt;
    if (metadata.length > 0) {
      aadAt = additionalDataAt;
      kernelBytes.copyWithin(aadAt, messageAt, textAt);
      kernelBytes.set(metadata, aadAt + headerBytes);
    }
    const aadBytes = headerBytes + metadata.length;
    return gcmTag(keyAt, streamAt, aadAt, aadBytes, textAt, frameBytes, textAt + frameBytes, tagAt) !== 0;
  }
}

class WindowCtrHmac extends WindowCipher {
  readonly #tagBytes: number;
  readonly #authenticationKey: Uint8Array;
  readonly #salt: DataView;

  constructor(suite: CtrHmacParameters, key: Uint8Array, salt: Uint8Array, makeFallback: () => FrameCipher) {
    const stream = new KeyStream(key.subarray(0, suite.encryptionKeyBytes), salt, 0);
    super(stream, suite.tagBytes, 0, makeFallback);
    this.#tagBytes = suite.tagBytes;
    this.#authenticationKey = key.slice(suite.encryptionKeyBytes);
    this.#salt = new DataView(salt.slice().buffer);
  }

  /** HMAC's inner and outer state after the block that the key makes (RFC 2104 section 4). */
  protected override ready(keyAt: number): void {
    for (const [padding, stateAt] of [
      [0x36, keyAt],
      [0x5c, keyAt + digestBytes],
    ] as const) {
      sha256InitialState.forEach((word, index) => {
        writeWord(stateAt + index * 4, word);
      });
      for (let at = 0; at < hashBlockBytes; at++) {
        kernelBytes[messageAt + at] = (this.#authenticationKey[at] ?? 0) ^ padding;
      }
      sha256(stateAt, stateAt, messageAt, 1);
    }
  }

  protected override differs(
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    metadata: Uint8Array,
    keyAt: number,
  ): boolean {
    const tagBytes = this.#tagBytes;
    const frameBytes = message.length - headerBytes - tagBytes;
    const aadBytes = headerBytes + metadata.length;
    const from = messageAt - prefixBytes;
    kernelBytes.set(message, messageAt);
    if (metadata.length > 0) {
      const textAt = messageAt + headerBytes;
      kernelBytes.copyWithin(messageAt + aadBytes, textAt, textAt + frameBytes);
      kernelBytes.set(metadata, textAt);
    }
    kernelWords[from / 4 + 1] = swapped(aadBytes);
    kernelWords[from / 4 + 3] = swapped(frameBytes);
    kernelWords[from / 4 + 5] = swapped(tagBytes);
    writeWord(from + 24, this.#salt.getUint32(0));
    writeWord(from + 28, this.#salt.getUint32(4) ^ highWord(ctr));
    writeWord(from + 32, this.#salt.getUint32(8) ^ lowWord(ctr));
    const bytes = prefixBytes + aadBytes + frameBytes;
    sha256(keyAt, outerBlockAt, from, pad(from, bytes));
    sha256(keyAt + digestBytes, tagAt, outerBlockAt, 1);
    const end = headerBytes + frameBytes;
    let difference = 0;
    for (let at = 0; at < tagBytes; at++) {
      difference |= (kernelBytes[tagAt + at] ?? 0) ^ (message[end + at] ?? 0);
    }
    return difference !== 0;
  }
}

/** Ends a message of SHA-256 of which one block came before (FIPS 180-4 section 5.1.1); how many blocks it has. */
function pad(from: number, bytes: number): number {
  const blocks = Math.ceil((bytes + 9) / hashBlockBytes);
  const end = from + blocks * hashBlockBytes;
  kernelBytes[from + bytes] = 0x80;
  for (let at = from + bytes + 1; at < end - 4; at++) kernelBytes[at] = 0;
  writeWord(end - 4, (hashBlockBytes + bytes) * 8);
  return blocks;
}

// The outer hash's block: a digest, and the end of a message of 64 + 32 bytes.
pad(outerBlockAt, digestBytes);

function prepare(suite: SuiteParameters, key: Uint8Array, salt: Uint8Array): FrameCipher {
  const [ownKey, ownSalt] = [Uint8Array.from(key), Uint8Array.from(salt)];
  const makeFallback = (): FrameCipher => referenceEngine.prepare(suite, ownKey, ownSalt);
  if (suite.kind === "gcm") return new WindowGcm(suite, ownKey, ownSalt, makeFallback);
  // No registered suite has another HMAC.
  return suite.hash === "sha256" ? new WindowCtrHmac(suite, ownKey, ownSalt, makeFallback) : makeFallback();
}

/** Its memory is 15 MiB at most, however many keys there are; with more than 512 in use the others are left to the reference engine. */
export const windowEngine: Engine = { name: "windows", prepare };
