/** What SFrame's AEADs are given beside key and frame, for the engines that build it in memory. */
import { highWord, lowWord } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";

/** Writes salt XOR counter, the counter big-endian and as long as the salt (RFC 9605 section 4.4.3). */
export function writeNonce(out: Uint8Array, salt: Uint8Array, ctr: Uint64): void {
  const low = lowWord(ctr);
  const high = highWord(ctr);
  out.set(salt);
  xorWord(out, 4, high);
  xorWord(out, 8, low);
}

export function xorWord(out: Uint8Array, at: number, word: number): void {
  if (word === 0) return;
  out[at] = (out[at] ?? 0) ^ (word >>> 24);
  out[at + 1] = (out[at + 1] ?? 0) ^ (word >>> 16);
  out[at + 2] = (out[at + 2] ?? 0) ^ (word >>> 8);
  out[at + 3] = (out[at + 3] ?? 0) ^ word;
}

/** Header, then metadata. */
export function additionalData(
  message: Uint8Array,
  headerBytes: number,
  metadata: Uint8Array | undefined,
): Uint8Array {
  const header = message.subarray(0, headerBytes);
  if (metadata === undefined || metadata.length === 0) return header;
  const joined = new Uint8Array(headerBytes + metadata.length);
  joined.set(header);
  joined.set(metadata, headerBytes);
  return joined;
}
