/**
 * The primitives without Node, synchronous as they must be in a frame's way: by the noble libraries. AES
 * there looks up tables, and so takes a time that depends on secrets (`_ghash.ts` has the same limit).
 */
import { ecb, gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { randomBytes as nobleRandomBytes } from "@noble/hashes/utils.js";

import type { Engine } from "../sframe/engine.ts";
import { nobleEngine } from "../sframe/noble-engine.ts";
import type { AesBlocks, AgreementKey, GcmOptions, HashName, HmacKey, SigningKey, WrapKey } from "./types.ts";

const hashes = { sha256, sha512 } as const;
const unpadded = { disablePadding: true } as const;
const blockBytes = 16;

export const referenceEngine: Engine = nobleEngine;

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(nobleRandomBytes(length));
}

export function allocate(length: number): Uint8Array {
  return new Uint8Array(length);
}

export function hmacKey(hash: HashName, key: Uint8Array): HmacKey {
  const ready = hmac.create(hashes[hash], key);
  return (...parts) => {
    const mac = ready.clone();
    for (const part of parts) mac.update(part);
    return mac.digest();
  };
}

export function agreementKey(privateKey: Uint8Array = randomBytes(32)): AgreementKey {
  const secret = Uint8Array.from(privateKey);
  return {
    publicKey: x25519.getPublicKey(secret),
    agree(peerPublicKey) {
      try {
        // Throws for a shared point that is all zero.
        return x25519.getSharedSecret(secret, peerPublicKey);
      } catch {
        return null;
      }
    },
  };
}

export function signingKey(seed: Uint8Array = randomBytes(32)): SigningKey {
  const secret = Uint8Array.from(seed);
  return { publicKey: ed25519.getPublicKey(secret), sign: (message) => ed25519.sign(message, secret) };
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** RFC 3394 section 2.2, the index based description; noble's own has no alternative initial value. */
export function wrapKey(raw: Uint8Array): WrapKey {
  const key = Uint8Array.from(raw);
  return {
    wrap(initialValue, plaintext) {
      const semiblocks = plaintext.length / 8;
      const out = new Uint8Array(plaintext.length + 8);
      out.set(plaintext, 8);
      const block = new Uint8Array(blockBytes);
      block.set(initialValue);
      for (let step = 1; step <= 6 * semiblocks; step++) {
        const at = 8 + ((step - 1) % semiblocks) * 8;
        block.set(out.subarray(at, at + 8), 8);
        block.set(ecb(key, unpadded).encrypt(block));
        out.set(block.subarray(8), at);
        xorStep(block, step);
      }
      out.set(block.subarray(0, 8));
      return out;
    },
    unwrap(initialValue, wrapped) {
      const semiblocks = wrapped.length / 8 - 1;
      if (!Number.isInteger(semiblocks) || semiblocks < 2) return null;
      const out = wrapped.slice(8);
      const block = new Uint8Array(blockBytes);
      block.set(wrapped.subarray(0, 8));
      for (let step = 6 * semiblocks; step >= 1; step--) {
        const at = ((step - 1) % semiblocks) * 8;
        xorStep(block, step);
        block.set(out.subarray(at, at + 8), 8);
        block.set(ecb(key, unpadded).decrypt(block));
        out.set(block.subarray(8), at);
      }
      let difference = 0;
      for (let at = 0; at < 8; at++) difference |= (block[at] ?? 0) ^ (initialValue[at] ?? 0);
      return difference === 0 ? out : null;
    },
  };
}

function xorStep(block: Uint8Array, step: number): void {
  block[6] = (block[6] ?? 0) ^ (step >>> 8);
  block[7] = (block[7] ?? 0) ^ step;
}

export function sealGcm({ key, nonce, aad }: GcmOptions, plaintext: Uint8Array): Uint8Array {
  return gcm(key, nonce, aad).encrypt(plaintext);
}

export function openGcm({ key, nonce, aad }: GcmOptions, sealed: Uint8Array): Uint8Array | null {
  try {
    return gcm(key, nonce, aad).decrypt(sealed);
  } catch {
    return null;
  }
}

export function aesBlocks(key: Uint8Array): AesBlocks {
  const ownKey = Uint8Array.from(key);
  // noble lets a cipher encrypt once.
  return (blocks) => ecb(ownKey, unpadded).encrypt(blocks);
}
