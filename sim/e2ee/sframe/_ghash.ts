/**
 * GHASH (NIST SP 800-38D section 6.4) by tables: a product with H is the XOR of
 * one table entry for each of a block's 32 nibbles. 8 KiB a key. Look-ups by
 * secret values take a time that depends on them: fine between simulated
 * participants of one machine, not against somebody who measures it.
 */
import {
  add,
  and,
  and128,
  call,
  constant,
  get,
  i32,
  i64,
  isAnySet128,
  isAtLeast,
  lane64,
  load128,
  lowAfterShift64,
  set,
  setLane32,
  shiftLeft,
  store128,
  subtract,
  swapWords,
  v128,
  when,
  whileTrue,
  xor128,
  zero128,
} from "./_wasm.ts";
import type { Code, WasmFunction } from "./_wasm.ts";

/** 16 bytes x 2 nibbles x 16 values x 16 bytes. */
export const ghashTableBytes = 8192;
const bytesPerNibble = 256;

/** Writes the tables of H, a block, to a table that begins at `at` in words. */
export function writeGhashTables(words: Uint32Array, at: number, h: Uint8Array): void {
  const view = new DataView(h.buffer, h.byteOffset, 16);
  // H times x^bit: each step shifts to the right, since bit 0 is the first byte's highest.
  let [a, b, c, d] = [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  for (let nibble = 0; nibble < 32; nibble++) {
    const table = at + (nibble * bytesPerNibble) / 4;
    words.fill(0, table, table + 4);
    for (let bit = 8; bit >= 1; bit >>= 1) {
      const entry = table + bit * 4;
      words[entry] = swapped(a);
      words[entry + 1] = swapped(b);
      words[entry + 2] = swapped(c);
      words[entry + 3] = swapped(d);
      const carry = d & 1;
      d = (d >>> 1) | (c << 31);
      c = (c >>> 1) | (b << 31);
      b = (b >>> 1) | (a << 31);
      a = (a >>> 1) ^ (carry === 0 ? 0 : 0xe100_0000);
    }
    for (let value = 3; value < 16; value++) {
      const lowest = value & -value;
      if (lowest === value) continue;
      for (let word = 0; word < 4; word++) {
        const one = words[table + lowest * 4 + word] ?? 0;
        words[table + value * 4 + word] = one ^ (words[table + (value - lowest) * 4 + word] ?? 0);
      }
    }
  }
}

export function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

/** (table, y) -> y times H */
function multiply(): WasmFunction {
  const [table, y, half, even, odd] = [0, 1, 2, 3, 4];
  const nibbleIndex = (byte: number, isHigh: boolean): Code => {
    const bits = byte * 8 - (isHigh ? 0 : 4);
    // Times 16, the size of an entry: a nibble stays where it is, or moves, as bits 4 to 7.
    const moved = bits < 0 ? [lowAfterShift64(0), shiftLeft(4)] : lowAfterShift64(bits);
    return [get(half), moved, constant(0xf0), and];
  };
  const entry = (byte: number, isHigh: boolean): Code => [
    [nibbleIndex(byte & 7, isHigh), get(table), add],
    load128((byte * 2 + (isHigh ? 0 : 1)) * bytesPerNibble),
  ];
  const both = Array.from({ length: 16 }, (_, byte): Code => {
    const high = entry(byte, true);
    const low = entry(byte, false);
    if (byte === 0) return [get(y), lane64(0), set(half), high, set(even), low, set(odd)];
    return [
      byte === 8 ? [get(y), lane64(1), set(half)] : [],
      [get(even), high, xor128, set(even)],
      [get(odd), low, xor128, set(odd)],
    ];
  });
  return {
    parameters: [i32, v128],
    result: v128,
    locals: [i64, v128, v128],
    body: [both, get(even), get(odd), xor128],
  };
}

/** (table, y, from, bytes) -> y after the bytes, filled up with zeros to whole blocks */
function absorb(multiplyIndex: number, masksAt: number): WasmFunction {
  const [table, y, from, bytes] = [0, 1, 2, 3];
  const addBlock = (block: Code): Code => [get(table), get(y), block, xor128, call(multiplyIndex), set(y)];
  const mask: Code = [constant(masksAt + 16), get(bytes), subtract, load128()];
  return {
    parameters: [i32, v128, i32, i32],
    result: v128,
    locals: [],
    body: [
      whileTrue(
        [get(bytes), constant(16), isAtLeast],
        [
          addBlock([get(from), load128()]),
          [get(from), constant(16), add, set(from)],
          [get(bytes), constant(16), subtract, set(bytes)],
        ],
      ),
      when(get(bytes), addBlock([get(from), load128(), mask, and128])),
      get(y),
    ],
  };
}

/**
 * `gcmTag(table, mask, aad, aadBytes, text, textBytes, expected, out)`: writes the tag
 * over additional data and ciphertext to `out`; 0 when the 16 bytes at `expected` are the
 * same, looked at all at once. `mask` is the address of the first block of key stream,
 * `masksAt` that of 16 bytes 0xff and 16 bytes 0.
 */
export function ghashFunctions(firstIndex: number, masksAt: number): WasmFunction[] {
  const [table, mask, aad, aadBytes, text, textBytes, expected, out, y] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const take = (from: number, bytes: number): Code => [
    [get(table), get(y), get(from), get(bytes)],
    [call(firstIndex + 1), set(y)],
  ];
  const bits = (bytes: number): Code => [get(bytes), shiftLeft(3)];
  return [
    multiply(),
    absorb(firstIndex, masksAt),
    {
      name: "gcmTag",
      parameters: [i32, i32, i32, i32, i32, i32, i32, i32],
      result: i32,
      locals: [v128, v128],
      body: [
        take(aad, aadBytes),
        take(text, textBytes),
        [get(table), zero128, bits(aadBytes), setLane32(1), bits(textBytes), setLane32(3), swapWords(9)],
        [get(y), xor128, call(firstIndex), get(mask), load128(), xor128, set(y)],
        [get(out), get(y), store128()],
        [get(y), get(expected), load128(), xor128, isAnySet128],
      ],
    },
  ];
}
