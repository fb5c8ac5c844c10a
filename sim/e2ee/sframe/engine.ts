import type { Uint64 } from "../uint64.ts";
import type { SuiteParameters } from "./suites.ts";

/**
 * The AEAD of one key (RFC 9605 section 4.4.3), working on whole SFrame messages.
 * The nonce is the salt XOR the counter; the additional data is the header, then
 * the metadata. Knows nothing of replay or of counters that must not come twice.
 */
export type FrameCipher = {
  /**
   * Encrypts `frame` into `message`, whose first `headerBytes` already hold the
   * header and whose rest is exactly long enough for ciphertext and tag.
   */
  seal(
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    frame: Uint8Array,
    metadata: Uint8Array | undefined,
  ): void;
  /**
   * The plaintext of a message whose header takes up `headerBytes` and which is at
   * least a tag longer than that; null when it does not authenticate.
   */
  open(
    message: Uint8Array,
    headerBytes: number,
    ctr: Uint64,
    metadata: Uint8Array | undefined,
  ): Uint8Array | null;
};

/** A way of doing the cryptography. All engines give the same bytes. */
export type Engine = {
  readonly name: string;
  /** Readies a key of `suite.keyBytes` and a salt of 12 bytes; both are copied. */
  prepare(suite: SuiteParameters, key: Uint8Array, salt: Uint8Array): FrameCipher;
};
