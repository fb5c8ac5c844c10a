import { unsigned, joined, utf8 } from "../_bytes.ts";
import { hkdfExpand } from "../_hkdf.ts";

const label = utf8("soundcheck room ratchet v1");

/**
 * The secret of a later step of the same epoch: HKDF-Expand (RFC 5869, SHA-256) of the step
 * before, with the label and the generation that comes of it, once a step. Nobody gets back by it.
 */
export function ratchetTo(generation: number, from: number, secret: Uint8Array): Uint8Array {
  let ratcheted = secret;
  for (let step = from + 1; step <= generation; step++) {
    ratcheted = hkdfExpand("sha256", ratcheted, joined(label, unsigned(step, 6)), secret.length);
  }
  return ratcheted;
}
