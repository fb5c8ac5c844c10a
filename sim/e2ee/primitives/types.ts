import type { Engine } from "../sframe/engine.ts";

/**
 * The cryptography that everything else here is built of. `#primitives`, in package.json, is
 * `node.ts` for Node and `browser.ts` where the condition `browser` is set; both give the same bytes.
 */
export type Primitives = {
  randomBytes(length: number): Uint8Array<ArrayBuffer>;
  /** Memory for so many bytes, perhaps shared with others, holding anything: write all of it. */
  allocate(length: number): Uint8Array;
  hmacKey(hash: HashName, key: Uint8Array): HmacKey;
  /** X25519 (RFC 7748); fresh unless given a private key of 32 bytes. */
  agreementKey(privateKey?: Uint8Array): AgreementKey;
  /** Ed25519 (RFC 8032); fresh unless given a seed of 32 bytes. */
  signingKey(seed?: Uint8Array): SigningKey;
  /** Never throws: false for a key or signature of the wrong length, too. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** AES key wrap (RFC 3394) under a key of 32 bytes. */
  wrapKey(key: Uint8Array): WrapKey;
  /** AES-128-GCM: ciphertext, then a tag of 16 bytes. */
  sealGcm(options: GcmOptions, plaintext: Uint8Array): Uint8Array;
  /** Null when it does not authenticate. */
  openGcm(options: GcmOptions, sealed: Uint8Array): Uint8Array | null;
  aesBlocks(key: Uint8Array): AesBlocks;
  /** The way that serves every frame and any number of keys. */
  referenceEngine: Engine;
};

export type HashName = "sha256" | "sha512";

/** The MAC over the parts, end to end. */
export type HmacKey = (...parts: readonly Uint8Array[]) => Uint8Array;

/** A private key that stays inside. */
export type AgreementKey = {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Null for a public key of the wrong length or of low order, whose shared point is all zero. */
  agree(peerPublicKey: Uint8Array): Uint8Array | null;
};

export type SigningKey = {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
};

/** The initial value has 8 bytes (RFC 3394 section 2.2.3); what is wrapped is a multiple of 8, from 16 on. */
export type WrapKey = {
  wrap(initialValue: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Null when it was not wrapped under this key and initial value. */
  unwrap(initialValue: Uint8Array, wrapped: Uint8Array): Uint8Array | null;
};

export type GcmOptions = {
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
};

/** AES over each block of 16 bytes by itself (ECB), under a key of 16 or 32 bytes. */
export type AesBlocks = (blocks: Uint8Array) => Uint8Array;
