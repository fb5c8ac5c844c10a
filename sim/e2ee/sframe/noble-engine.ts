/** SFrame's ciphers in JavaScript, for where there is no node:crypto: what the window engine does not take. */
import { ctr as aesCtr, gcm } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";

import type { Uint64 } from "../uint64.ts";
import { additionalData, writeNonce, xorWord } from "./_aead-input.ts";
import type { Engine, FrameCipher } from "./engine.ts";
import { nonceBytes } from "./suites.ts";
import type { CtrHmacParameters, GcmParameters } from "./suites.ts";

const hashes = { sha256, sha512 } as const;

function gcmCipher(suite: GcmParameters, key: Uint8Array, salt: Uint8Array): FrameCipher {
  const cipher = (
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    metadata: Uint8Array | undefined,
  ): ReturnType<typeof gcm> => {
    const nonce = new Uint8Array(nonceBytes);
    writeNonce(nonce, salt, ctr);
    return gcm(key, nonce, additionalData(message, headerBytes, metadata));
  };
  return {
    seal(message, headerBytes, ctr, frame, metadata) {
      message.set(cipher(message, headerBytes, ctr, metadata).encrypt(frame), headerBytes);
    },
    open(message, headerBytes, ctr, metadata) {
      if (message.length < headerBytes + suite.tagBytes) return null;
      try {
        return cipher(message, headerBytes, ctr, metadata).decrypt(message.subarray(headerBytes));
      } catch {
        return null;
      }
    },
  };
}

function ctrHmacCipher(suite: CtrHmacParameters, key: Uint8Array, salt: Uint8Array): FrameCipher {
  const encryptionKey = key.subarray(0, suite.encryptionKeyBytes);
  const mac = hmac.create(hashes[suite.hash], key.subarray(suite.encryptionKeyBytes));
  /** AES-CTR's first counter block: the nonce, then a block counter of zero. */
  const firstBlock = (ctr: Uint64): Uint8Array => {
    const block = new Uint8Array(16);
    writeNonce(block, salt, ctr);
    return block;
  };
  /** RFC 9605 section 4.5.1. */
  const tag = (aad: Uint8Array, block: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
    const lengths = new Uint8Array(24);
    xorWord(lengths, 4, aad.length);
    xorWord(lengths, 12, ciphertext.length);
    xorWord(lengths, 20, suite.tagBytes);
    const parts = mac.clone().update(lengths).update(block.subarray(0, nonceBytes));
    return parts.update(aad).update(ciphertext).digest().subarray(0, suite.tagBytes);
  };
  return {
    seal(message, headerBytes, ctr, frame, metadata) {
      const block = firstBlock(ctr);
      const ciphertext = aesCtr(encryptionKey, block).encrypt(frame);
      message.set(ciphertext, headerBytes);
      const aad = additionalData(message, headerBytes, metadata);
      message.set(tag(aad, block, ciphertext), headerBytes + frame.length);
    },
    open(message, headerBytes, ctr, metadata) {
      const block = firstBlock(ctr);
      const end = message.length - suite.tagBytes;
      const ciphertext = message.subarray(headerBytes, end);
      const expected = tag(additionalData(message, headerBytes, metadata), block, ciphertext);
      let difference = 0;
      for (let at = 0; at < suite.tagBytes; at++)
        difference |= (expected[at] ?? 0) ^ (message[end + at] ?? 0);
      return difference === 0 ? aesCtr(encryptionKey, block).decrypt(ciphertext) : null;
    },
  };
}

export const nobleEngine: Engine = {
  name: "noble",
  prepare(suite, key, salt) {
    const [ownKey, ownSalt] = [Uint8Array.from(key), Uint8Array.from(salt)];
    return suite.kind === "gcm" ? gcmCipher(suite, ownKey, ownSalt) : ctrHmacCipher(suite, ownKey, ownSalt);
  },
};
