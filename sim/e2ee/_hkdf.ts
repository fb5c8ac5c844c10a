/** HKDF (RFC 5869) in its two steps, as SFrame and HPKE use them. */
import { hmacKey } from "#primitives";
import type { HashName } from "./primitives/types.ts";

const hashBytes = { sha256: 32, sha512: 64 } as const;

export function hkdfExtract(hash: HashName, salt: Uint8Array, inputKey: Uint8Array): Uint8Array {
  return hmacKey(hash, salt)(inputKey);
}

/** `length` is at most 255 outputs of the hash (RFC 5869 section 2.3). */
export function hkdfExpand(hash: HashName, secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const hmac = hmacKey(hash, secret);
  const output = new Uint8Array(Math.ceil(length / hashBytes[hash]) * hashBytes[hash]);
  let block: Uint8Array = new Uint8Array(0);
  for (let counter = 1, offset = 0; offset < length; counter++, offset += block.length) {
    block = hmac(block, info, Uint8Array.of(counter));
    output.set(block, offset);
  }
  return output.subarray(0, length);
}
