/**
 * SFrame's ciphers by node:crypto. One cipher object a frame, since Node cannot
 * give one a new nonce; keys are KeyObjects, since raw key bytes cost about
 * 15 µs more a frame.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

import type { Uint64 } from "../uint64.ts";
import { additionalData, writeNonce, xorWord } from "./_aead-input.ts";
import type { Engine, FrameCipher } from "./engine.ts";
import { nonceBytes } from "./suites.ts";
import type { CtrHmacParameters, GcmParameters } from "./suites.ts";

// Scratch memory: every use fills it and has it read before anything else can run.
const gcmNonce = new Uint8Array(nonceBytes);
/** AES-CTR's first counter block: the nonce, then a block counter of zero. */
const ctrBlock = new Uint8Array(16);
let authenticated = new Uint8Array(2048);

class GcmCipher implements FrameCipher {
  readonly #algorithm: GcmParameters["algorithm"];
  readonly #key: KeyObject;
  readonly #salt: Uint8Array;
  readonly #options: { readonly authTagLength: number };

  constructor(suite: GcmParameters, key: Uint8Array, salt: Uint8Array) {
    this.#algorithm = suite.algorithm;
    this.#key = createSecretKey(key);
    this.#salt = new Uint8Array(salt);
    this.#options = { authTagLength: suite.tagBytes };
  }

  seal(
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    frame: Uint8Array,
    metadata?: Uint8Array,
  ): void {
    writeNonce(gcmNonce, this.#salt, ctr);
    const cipher = createCipheriv(this.#algorithm, this.#key, gcmNonce, this.#options);
    cipher.setAAD(additionalData(message, headerBytes, metadata));
    message.set(cipher.update(frame), headerBytes);
    cipher.final();
    message.set(cipher.getAuthTag(), headerBytes + frame.length);
  }

  open(message: Uint8Array, headerBytes: number, ctr: Uint64, metadata?: Uint8Array): Uint8Array | null {
    const end = message.length - this.#options.authTagLength;
    writeNonce(gcmNonce, this.#salt, ctr);
    const decipher = createDecipheriv(this.#algorithm, this.#key, gcmNonce, this.#options);
    decipher.setAAD(additionalData(message, headerBytes, metadata));
    decipher.setAuthTag(message.subarray(end));
    const plaintext = decipher.update(message.subarray(headerBytes, end));
    try {
      decipher.final();
    } catch {
      return null;
    }
    return plaintext;
  }
}

class CtrHmacCipher implements FrameCipher {
  readonly #suite: CtrHmacParameters;
  readonly #encryptionKey: KeyObject;
  readonly #authenticationKey: KeyObject;
  readonly #salt: Uint8Array;

  constructor(suite: CtrHmacParameters, key: Uint8Array, salt: Uint8Array) {
    this.#suite = suite;
    this.#encryptionKey = createSecretKey(key.subarray(0, suite.encryptionKeyBytes));
    this.#authenticationKey = createSecretKey(key.subarray(suite.encryptionKeyBytes));
    this.#salt = new Uint8Array(salt);
  }

  seal(
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    frame: Uint8Array,
    metadata?: Uint8Array,
  ): void {
    writeNonce(ctrBlock, this.#salt, ctr);
    const ciphertext = createCipheriv(this.#suite.algorithm, this.#encryptionKey, ctrBlock).update(frame);
    message.set(ciphertext, headerBytes);
    const tag = this.#tag(message, headerBytes, ciphertext, metadata);
    const end = headerBytes + frame.length;
    for (let at = 0; at < this.#suite.tagBytes; at++) message[end + at] = tag[at] ?? 0;
  }

  open(message: Uint8Array, headerBytes: number, ctr: Uint64, metadata?: Uint8Array): Uint8Array | null {
    const end = message.length - this.#suite.tagBytes;
    writeNonce(ctrBlock, this.#salt, ctr);
    const ciphertext = message.subarray(headerBytes, end);
    const tag = this.#tag(message, headerBytes, ciphertext, metadata);
    // Every byte is looked at, so that the time taken says nothing about the first that differs.
    let difference = 0;
    for (let at = 0; at < this.#suite.tagBytes; at++) difference |= (tag[at] ?? 0) ^ (message[end + at] ?? 0);
    if (difference !== 0) return null;
    return createDecipheriv(this.#suite.algorithm, this.#encryptionKey, ctrBlock).update(ciphertext);
  }

  /**
   * HMAC over the lengths of additional data, ciphertext and tag (8 bytes each), the
   * nonce (in `ctrBlock`), additional data and ciphertext (RFC 9605 section 4.5.1). Untruncated.
   */
  #tag(
    message: Uint8Array,
    headerBytes: number,
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
  ): Uint8Array {
    const aadBytes = headerBytes + (metadata === undefined ? 0 : metadata.length);
    const total = 24 + nonceBytes + aadBytes + ciphertext.length;
    if (authenticated.length < total) authenticated = new Uint8Array(total * 2);
    authenticated.fill(0, 0, 24);
    xorWord(authenticated, 4, aadBytes);
    xorWord(authenticated, 12, ciphertext.length);
    xorWord(authenticated, 20, this.#suite.tagBytes);
    let at = 24;
    for (let i = 0; i < nonceBytes; i++) authenticated[at++] = ctrBlock[i] ?? 0;
    for (let i = 0; i < headerBytes; i++) authenticated[at++] = message[i] ?? 0;
    if (metadata !== undefined) authenticated.set(metadata, at);
    authenticated.set(ciphertext, 24 + nonceBytes + aadBytes);
    return createHmac(this.#suite.hash, this.#authenticationKey)
      .update(authenticated.subarray(0, total))
      .digest();
  }
}

export const nodeEngine: Engine = {
  name: "node:crypto",
  prepare: (suite, key, salt) =>
    suite.kind === "gcm" ? new GcmCipher(suite, key, salt) : new CtrHmacCipher(suite, key, salt),
};
