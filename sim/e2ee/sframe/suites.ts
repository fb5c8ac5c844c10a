/** The cipher suites of SFrame (RFC 9605 section 4.5, registered in section 8.1). */
export const cipherSuiteNames = [
  "AES_128_CTR_HMAC_SHA256_80",
  "AES_128_CTR_HMAC_SHA256_64",
  "AES_128_CTR_HMAC_SHA256_32",
  "AES_128_GCM_SHA256_128",
  "AES_256_GCM_SHA512_128",
] as const;
export type CipherSuiteName = (typeof cipherSuiteNames)[number];

type CommonParameters = {
  /** The registered number, which also goes into key derivation. */
  readonly id: number;
  /** HKDF's hash, and the HMAC's in the CTR suites. */
  readonly hash: "sha256" | "sha512";
  /** Nk: the AEAD's whole key; in the CTR suites encryption key and authentication key together. */
  readonly keyBytes: number;
  /** Nt */
  readonly tagBytes: number;
  /** How long a base key this project deals for the suite; SFrame itself takes any length. */
  readonly baseKeyBytes: number;
};

export type GcmParameters = CommonParameters & {
  readonly kind: "gcm";
  readonly algorithm: "aes-128-gcm" | "aes-256-gcm";
};

export type CtrHmacParameters = CommonParameters & {
  readonly kind: "ctr-hmac";
  readonly algorithm: "aes-128-ctr" | "aes-256-ctr";
  /** The first so many bytes of the key encrypt; the rest authenticates (RFC 9605 section 4.5.1). */
  readonly encryptionKeyBytes: number;
};

export type SuiteParameters = GcmParameters | CtrHmacParameters;

/** Nn: the same for every suite. */
export const nonceBytes = 12;

function ctrHmac(id: number, tagBytes: number): CtrHmacParameters {
  return {
    id,
    kind: "ctr-hmac",
    algorithm: "aes-128-ctr",
    hash: "sha256",
    keyBytes: 48,
    encryptionKeyBytes: 16,
    tagBytes,
    baseKeyBytes: 16,
  };
}

export const suites: { readonly [name in CipherSuiteName]: SuiteParameters } = {
  AES_128_CTR_HMAC_SHA256_80: ctrHmac(1, 10),
  AES_128_CTR_HMAC_SHA256_64: ctrHmac(2, 8),
  AES_128_CTR_HMAC_SHA256_32: ctrHmac(3, 4),
  AES_128_GCM_SHA256_128: {
    id: 4,
    kind: "gcm",
    algorithm: "aes-128-gcm",
    hash: "sha256",
    keyBytes: 16,
    tagBytes: 16,
    baseKeyBytes: 16,
  },
  AES_256_GCM_SHA512_128: {
    id: 5,
    kind: "gcm",
    algorithm: "aes-256-gcm",
    hash: "sha512",
    keyBytes: 32,
    tagBytes: 16,
    baseKeyBytes: 32,
  },
};
