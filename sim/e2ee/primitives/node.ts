/** The primitives by node:crypto. Keys are KeyObjects: raw key bytes cost some 12 µs more in each call. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes as nodeRandomBytes,
  sign,
  verify as nodeVerify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";

import type { Engine } from "../sframe/engine.ts";
import { nodeEngine } from "../sframe/node-engine.ts";
import type { AesBlocks, AgreementKey, GcmOptions, HashName, HmacKey, SigningKey, WrapKey } from "./types.ts";

const tagBytes = 16;

export const referenceEngine: Engine = nodeEngine;

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(nodeRandomBytes(length));
}

/** From Node's pool of small buffers: a tenth of the cost of memory of its own. */
export function allocate(length: number): Uint8Array {
  return Buffer.allocUnsafe(length);
}

export function hmacKey(hash: HashName, key: Uint8Array): HmacKey {
  const keyObject = createSecretKey(key);
  return (...parts) => {
    const hmac = createHmac(hash, keyObject);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  };
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  return createPublicKey(privateKey).export({ format: "raw-public" });
}

export function agreementKey(raw?: Uint8Array): AgreementKey {
  const privateKey =
    raw === undefined
      ? generateKeyPairSync("x25519").privateKey
      : createPrivateKey({ key: Buffer.from(raw), format: "raw-private", asymmetricKeyType: "x25519" });
  return {
    publicKey: rawPublicKey(privateKey),
    agree(peerPublicKey) {
      try {
        const publicKey = createPublicKey({
          key: Buffer.from(peerPublicKey),
          format: "raw-public",
          asymmetricKeyType: "x25519",
        });
        const shared = diffieHellman({ privateKey, publicKey });
        return shared.every((byte) => byte === 0) ? null : shared;
      } catch {
        return null;
      }
    },
  };
}

export function signingKey(seed?: Uint8Array): SigningKey {
  const privateKey =
    seed === undefined
      ? generateKeyPairSync("ed25519").privateKey
      : createPrivateKey({ key: Buffer.from(seed), format: "raw-private", asymmetricKeyType: "ed25519" });
  return { publicKey: rawPublicKey(privateKey), sign: (message) => sign(null, message, privateKey) };
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({
      key: Buffer.from(publicKey),
      format: "raw-public",
      asymmetricKeyType: "ed25519",
    });
    return nodeVerify(null, message, key, signature);
  } catch {
    return false;
  }
}

export function wrapKey(raw: Uint8Array): WrapKey {
  const key = createSecretKey(raw);
  return {
    wrap: (initialValue, plaintext) => createCipheriv("id-aes256-wrap", key, initialValue).update(plaintext),
    unwrap(initialValue, wrapped) {
      // OpenSSL makes nothing of nothing, without complaint.
      if (wrapped.length < 24) return null;
      try {
        return createDecipheriv("id-aes256-wrap", key, initialValue).update(wrapped);
      } catch {
        return null;
      }
    },
  };
}

export function sealGcm({ key, nonce, aad }: GcmOptions, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-gcm", createSecretKey(key), nonce, { authTagLength: tagBytes });
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([ciphertext, cipher.getAuthTag()]);
}

export function openGcm({ key, nonce, aad }: GcmOptions, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < tagBytes) return null;
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv("aes-128-gcm", createSecretKey(key), nonce, { authTagLength: tagBytes });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plaintext;
}

export function aesBlocks(key: Uint8Array): AesBlocks {
  const cipher = createCipheriv(key.length === 16 ? "aes-128-ecb" : "aes-256-ecb", key, null);
  cipher.setAutoPadding(false);
  return (blocks) => cipher.update(blocks);
}
