import { referenceEngine } from "#primitives";
import { hkdfExpand, hkdfExtract } from "../_hkdf.ts";
import { highWord, lowWord, uint64 } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";
import type { Engine, FrameCipher } from "./engine.ts";
import { nonceBytes, suites } from "./suites.ts";
import type { CipherSuiteName, SuiteParameters } from "./suites.ts";

/** A ready key: immutable and without state of its own, so that any number of receivers can share one. */
export type SFrameKey = {
  readonly suite: CipherSuiteName;
  readonly kid: Uint64;
  readonly tagBytes: number;
  readonly cipher: FrameCipher;
};

/** HKDF's info: the text with its trailing space, the KID (8 bytes), the suite's number (2 bytes); RFC 9605 section 4.4.2. */
export function sframeLabel(purpose: "key" | "salt", kid: Uint64, suiteId: number): Uint8Array {
  const text = new TextEncoder().encode(`SFrame 1.0 Secret ${purpose} `);
  const label = new Uint8Array(text.length + 10);
  label.set(text);
  const view = new DataView(label.buffer, text.length);
  view.setUint32(0, highWord(kid));
  view.setUint32(4, lowWord(kid));
  view.setUint16(8, suiteId);
  return label;
}

/** sframe_secret, sframe_key and sframe_salt of RFC 9605 section 4.4.2. */
export function deriveSFrameSecrets(
  suite: Pick<SuiteParameters, "id" | "hash" | "keyBytes">,
  kid: Uint64,
  baseKey: Uint8Array,
): { secret: Uint8Array; key: Uint8Array; salt: Uint8Array } {
  const secret = hkdfExtract(suite.hash, new Uint8Array(0), baseKey);
  return {
    secret,
    key: hkdfExpand(suite.hash, secret, sframeLabel("key", kid, suite.id), suite.keyBytes),
    salt: hkdfExpand(suite.hash, secret, sframeLabel("salt", kid, suite.id), nonceBytes),
  };
}

/**
 * The key of one KID. One KID stands for one key, and one key encrypts for one
 * sender, which takes a new KID whenever it starts to count afresh.
 */
export function deriveSFrameKey(options: {
  suite: CipherSuiteName;
  kid: number | bigint;
  baseKey: Uint8Array;
  /** Default: the reference engine, node:crypto in Node. */
  engine?: Engine;
}): SFrameKey {
  const parameters = suites[options.suite];
  const kid = uint64(options.kid);
  const { key, salt } = deriveSFrameSecrets(parameters, kid, options.baseKey);
  return Object.freeze({
    suite: options.suite,
    kid,
    tagBytes: parameters.tagBytes,
    cipher: (options.engine ?? referenceEngine).prepare(parameters, key, salt),
  });
}
