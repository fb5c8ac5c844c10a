/**
 * The SFrame header (RFC 9605 section 4.3):
 *
 *     +-+---+-+---+-----------+-----------+
 *     |X| K |Y| C | KID (0-8) | CTR (0-8) |
 *     +-+---+-+---+-----------+-----------+
 *
 * Values below 8 sit in K or C; else X or Y is set and K or C is the number of
 * bytes that follow, less one. Big-endian.
 */
import { fromWords, highWord, lowWord } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";

/** 1 + 8 + 8 */
export const maxHeaderBytes = 17;

export type SFrameHeader = {
  readonly kid: Uint64;
  readonly ctr: Uint64;
  /** The header's own length. */
  readonly bytes: number;
};

/** How many bytes follow the config byte for this value. */
function fieldBytes(value: Uint64): number {
  if (value < 8) return 0;
  const high = highWord(value);
  return high === 0 ? wordBytes(lowWord(value)) : 4 + wordBytes(high);
}

function wordBytes(word: number): number {
  return word < 0x1_0000 ? (word < 0x100 ? 1 : 2) : word < 0x100_0000 ? 3 : 4;
}

function writeField(out: Uint8Array, offset: number, length: number, value: Uint64): void {
  let low = lowWord(value);
  let high = length > 4 ? highWord(value) : 0;
  for (let at = offset + length - 1; at >= offset; at--) {
    out[at] = low;
    low = (low >>> 8) | ((high & 0xff) << 24);
    high >>>= 8;
  }
}

function readField(bytes: Uint8Array, offset: number, length: number): Uint64 {
  let low = 0;
  let high = 0;
  const end = offset + length;
  const split = end - 4;
  for (let at = offset; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (at < split) high = high * 256 + byte;
    else low = low * 256 + byte;
  }
  return high === 0 ? low : fromWords(high, low);
}

export function sframeHeaderBytes(kid: Uint64, ctr: Uint64): number {
  return 1 + fieldBytes(kid) + fieldBytes(ctr);
}

/** Writes the shortest encoding to the start of `out` and returns its length. */
export function writeSFrameHeader(out: Uint8Array, kid: Uint64, ctr: Uint64): number {
  const kidBytes = fieldBytes(kid);
  const ctrBytes = fieldBytes(ctr);
  const kidBits = kidBytes === 0 ? lowWord(kid) : 0b1000 | (kidBytes - 1);
  const ctrBits = ctrBytes === 0 ? lowWord(ctr) : 0b1000 | (ctrBytes - 1);
  out[0] = (kidBits << 4) | ctrBits;
  writeField(out, 1, kidBytes, kid);
  writeField(out, 1 + kidBytes, ctrBytes, ctr);
  return 1 + kidBytes + ctrBytes;
}

export function encodeSFrameHeader(kid: Uint64, ctr: Uint64): Uint8Array {
  const out = new Uint8Array(sframeHeaderBytes(kid, ctr));
  writeSFrameHeader(out, kid, ctr);
  return out;
}

/**
 * Null when the bytes end inside the header. Encodings longer than needed are read
 * too: the header is authenticated as it stands, so nobody can re-encode one.
 */
export function decodeSFrameHeader(bytes: Uint8Array): SFrameHeader | null {
  const config = bytes[0];
  if (config === undefined) return null;
  const kidBytes = (config & 0x80) === 0 ? 0 : ((config >> 4) & 7) + 1;
  const ctrBytes = (config & 0x08) === 0 ? 0 : (config & 7) + 1;
  const length = 1 + kidBytes + ctrBytes;
  if (bytes.length < length) return null;
  return {
    kid: kidBytes === 0 ? (config >> 4) & 7 : readField(bytes, 1, kidBytes),
    ctr: ctrBytes === 0 ? config & 7 : readField(bytes, 1 + kidBytes, ctrBytes),
    bytes: length,
  };
}
