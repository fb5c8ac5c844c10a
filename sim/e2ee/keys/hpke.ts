/**
 * HPKE (RFC 9180), base mode, single-shot, with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-128-GCM. A sealed message is the encapsulated key, then the
 * ciphertext. Nothing in it proves who sealed it.
 */
import { agreementKey, openGcm, sealGcm } from "#primitives";
import { joined, utf8 } from "../_bytes.ts";
import { hkdfExpand, hkdfExtract } from "../_hkdf.ts";
import type { AgreementKey } from "../primitives/types.ts";

/** Raw X25519 public keys (Npk) and encapsulated keys (Nenc). */
export const publicKeyBytes = 32;
const tagBytes = 16;
/** By how much a sealed message is longer than its plaintext. */
export const hpkeOverheadBytes = publicKeyBytes + tagBytes;

const empty = new Uint8Array(0);
const version = utf8("HPKE-v1");
/** "KEM", DHKEM(X25519, HKDF-SHA256); RFC 9180 section 4.1. */
const kemSuite = Uint8Array.of(0x4b, 0x45, 0x4d, 0x00, 0x20);
/** "HPKE", the KEM, HKDF-SHA256, AES-128-GCM; RFC 9180 section 5.1. */
const hpkeSuite = Uint8Array.of(0x48, 0x50, 0x4b, 0x45, 0x00, 0x20, 0x00, 0x01, 0x00, 0x01);
const baseMode = Uint8Array.of(0);

/** LabeledExtract and LabeledExpand of RFC 9180 section 4. */
function labeledExtract(
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  inputKey: Uint8Array,
): Uint8Array {
  return hkdfExtract("sha256", salt, joined(version, suite, utf8(label), inputKey));
}

function labeledExpand(
  suite: Uint8Array,
  secret: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const prefix = Uint8Array.of(length >>> 8, length);
  return hkdfExpand("sha256", secret, joined(prefix, version, suite, utf8(label), info), length);
}

/** Without a pre-shared key it is always the same. */
const pskIdHash = labeledExtract(hpkeSuite, empty, "psk_id_hash", empty);

/**
 * The KEM's shared secret (RFC 9180 section 4.1); null for a public key of the wrong
 * length or of low order, whose shared point would be all zero (section 7.1.4).
 */
function kemSharedSecret(
  key: AgreementKey,
  peerPublicKey: Uint8Array,
  context: Uint8Array,
): Uint8Array | null {
  const shared = key.agree(peerPublicKey);
  if (shared === null) return null;
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
  const context = joined(baseMode, pskIdHash, labeledExtract(hpkeSuite, empty, "info_hash", info));
  const secret = labeledExtract(hpkeSuite, sharedSecret, "secret", empty);
  return {
    key: labeledExpand(hpkeSuite, secret, "key", context, 16),
    nonce: labeledExpand(hpkeSuite, secret, "base_nonce", context, 12),
  };
}

/** Encap (RFC 9180 section 4.1) with a given ephemeral key; null for a public key of no use. */
export function hpkeEncapsulate(recipientPublicKey: Uint8Array, ephemeral: AgreementKey): Uint8Array | null {
  const context = joined(ephemeral.publicKey, recipientPublicKey);
  return kemSharedSecret(ephemeral, recipientPublicKey, context);
}

/** Decap (RFC 9180 section 4.1); null for an encapsulated key of no use. */
export function hpkeDecapsulate(encapsulated: Uint8Array, recipient: AgreementKey): Uint8Array | null {
  return kemSharedSecret(recipient, encapsulated, joined(encapsulated, recipient.publicKey));
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
  ephemeral?: AgreementKey;
}): Uint8Array | null {
  const ephemeral = options.ephemeral ?? agreementKey();
  const shared = hpkeEncapsulate(options.recipientPublicKey, ephemeral);
  if (shared === null) return null;
  const { key, nonce } = hpkeKeySchedule(shared, options.info);
  return joined(ephemeral.publicKey, sealGcm({ key, nonce, aad: options.aad }, options.plaintext));
}

/** The plaintext; null when the message was not sealed to this key with these `info` and `aad`. Never throws. */
export function hpkeOpen(options: {
  recipient: AgreementKey;
  info: Uint8Array;
  aad: Uint8Array;
  sealed: Uint8Array;
}): Uint8Array | null {
  const { sealed } = options;
  if (sealed.length < hpkeOverheadBytes) return null;
  const shared = hpkeDecapsulate(sealed.subarray(0, publicKeyBytes), options.recipient);
  if (shared === null) return null;
  const { key, nonce } = hpkeKeySchedule(shared, options.info);
  return openGcm({ key, nonce, aad: options.aad }, sealed.subarray(publicKeyBytes));
}
