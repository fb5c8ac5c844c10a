/**
 * HPKE (RFC 9180), base mode, single-shot, with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-128-GCM. A sealed message is the encapsulated key, then the
 * ciphertext. Nothing in it proves who sealed it.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
} from "node:crypto";
import type { KeyObject } from "node:crypto";

import { hkdfExpand, hkdfExtract } from "../_hkdf.ts";

/** Raw X25519 public keys (Npk) and encapsulated keys (Nenc). */
export const publicKeyBytes = 32;
const tagBytes = 16;
/** By how much a sealed message is longer than its plaintext. */
export const hpkeOverheadBytes = publicKeyBytes + tagBytes;

const text = new TextEncoder();
const empty = new Uint8Array(0);
const version = text.encode("HPKE-v1");
/** "KEM", DHKEM(X25519, HKDF-SHA256); RFC 9180 section 4.1. */
const kemSuite = Uint8Array.of(0x4b, 0x45, 0x4d, 0x00, 0x20);
/** "HPKE", the KEM, HKDF-SHA256, AES-128-GCM; RFC 9180 section 5.1. */
const hpkeSuite = Uint8Array.of(0x48, 0x50, 0x4b, 0x45, 0x00, 0x20, 0x00, 0x01, 0x00, 0x01);
const baseMode = Uint8Array.of(0);

/** An X25519 key pair. The private key never leaves its KeyObject. */
export type KeyPair = { readonly publicKey: Uint8Array; readonly privateKey: KeyObject };

export function generateKeyPair(): KeyPair {
  return keyPairOf(generateKeyPairSync("x25519").privateKey);
}

/** The key pair that belongs to an X25519 private key. */
export function keyPairOf(privateKey: KeyObject): KeyPair {
  return { privateKey, publicKey: createPublicKey(privateKey).export({ format: "raw-public" }) };
}

/** LabeledExtract and LabeledExpand of RFC 9180 section 4. */
function labeledExtract(
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  inputKey: Uint8Array,
): Uint8Array {
  return hkdfExtract("sha256", salt, Buffer.concat([version, suite, text.encode(label), inputKey]));
}

function labeledExpand(
  suite: Uint8Array,
  secret: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const prefix = Uint8Array.of(length >>> 8, length);
  return hkdfExpand(
    "sha256",
    secret,
    Buffer.concat([prefix, version, suite, text.encode(label), info]),
    length,
  );
}

/** Without a pre-shared key it is always the same. */
const pskIdHash = labeledExtract(hpkeSuite, empty, "psk_id_hash", empty);

/**
 * The KEM's shared secret (RFC 9180 section 4.1); null for a public key of the wrong
 * length or of low order, whose shared point would be all zero (section 7.1.4).
 */
function kemSharedSecret(
  privateKey: KeyObject,
  peerPublicKey: Uint8Array,
  context: Uint8Array,
): Uint8Array | null {
  if (peerPublicKey.length !== publicKeyBytes) return null;
  let shared: Uint8Array;
  try {
    const publicKey = createPublicKey({
      key: Buffer.from(peerPublicKey),
      format: "raw-public",
      asymmetricKeyType: "x25519",
    });
    shared = diffieHellman({ privateKey, publicKey });
  } catch {
    return null;
  }
  if (shared.every((byte) => byte === 0)) return null;
  return labeledExpand(
    kemSuite,
    labeledExtract(kemSuite, empty, "eae_prk", shared),
    "shared_secret",
    context,
    32,
  );
}

/** KeySchedule in base mode (RFC 9180 section 5.1); the nonce is the first one, which is all that a single shot uses. */
export function hpkeKeySchedule(
  sharedSecret: Uint8Array,
  info: Uint8Array,
): { key: Uint8Array; nonce: Uint8Array } {
  const context = Buffer.concat([baseMode, pskIdHash, labeledExtract(hpkeSuite, empty, "info_hash", info)]);
  const secret = labeledExtract(hpkeSuite, sharedSecret, "secret", empty);
  return {
    key: labeledExpand(hpkeSuite, secret, "key", context, 16),
    nonce: labeledExpand(hpkeSuite, secret, "base_nonce", context, 12),
  };
}

/** Encap (RFC 9180 section 4.1) with a given ephemeral key; null for a public key of no use. */
export function hpkeEncapsulate(recipientPublicKey: Uint8Array, ephemeral: KeyPair): Uint8Array | null {
  const context = Buffer.concat([ephemeral.publicKey, recipientPublicKey]);
  return kemSharedSecret(ephemeral.privateKey, recipientPublicKey, context);
}

/** Decap (RFC 9180 section 4.1); null for an encapsulated key of no use. */
export function hpkeDecapsulate(encapsulated: Uint8Array, recipient: KeyPair): Uint8Array | null {
  return kemSharedSecret(
    recipient.privateKey,
    encapsulated,
    Buffer.concat([encapsulated, recipient.publicKey]),
  );
}

/**
 * Seals to the holder of a raw X25519 public key (32 bytes); null when the public
 * key is of no use (wrong length or low order).
 */
export function hpkeSeal(options: {
  recipientPublicKey: Uint8Array;
  info: Uint8Array;
  aad: Uint8Array;
  plaintext: Uint8Array;
  /** Fresh by default; given for test vectors alone. */
  ephemeral?: KeyPair;
}): Uint8Array | null {
  const ephemeral = options.ephemeral ?? generateKeyPair();
  const shared = hpkeEncapsulate(options.recipientPublicKey, ephemeral);
  if (shared === null) return null;
  const { key, nonce } = hpkeKeySchedule(shared, options.info);
  const cipher = createCipheriv("aes-128-gcm", createSecretKey(key), nonce, { authTagLength: tagBytes });
  cipher.setAAD(options.aad);
  const ciphertext = cipher.update(options.plaintext);
  cipher.final();
  const sealed = new Uint8Array(publicKeyBytes + ciphertext.length + tagBytes);
  sealed.set(ephemeral.publicKey);
  sealed.set(ciphertext, publicKeyBytes);
  sealed.set(cipher.getAuthTag(), publicKeyBytes + ciphertext.length);
  return sealed;
}

/** The plaintext; null when the message was not sealed to this key with these `info` and `aad`. Never throws. */
export function hpkeOpen(options: {
  recipient: KeyPair;
  info: Uint8Array;
  aad: Uint8Array;
  sealed: Uint8Array;
}): Uint8Array | null {
  const { sealed } = options;
  if (sealed.length < hpkeOverheadBytes) return null;
  const shared = hpkeDecapsulate(sealed.subarray(0, publicKeyBytes), options.recipient);
  if (shared === null) return null;
  const { key, nonce } = hpkeKeySchedule(shared, options.info);
  const decipher = createDecipheriv("aes-128-gcm", createSecretKey(key), nonce, { authTagLength: tagBytes });
  decipher.setAAD(options.aad);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plaintext = decipher.update(sealed.subarray(publicKeyBytes, sealed.length - tagBytes));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plaintext;
}
