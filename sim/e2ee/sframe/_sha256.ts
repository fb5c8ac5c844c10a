/** SHA-256's compression (FIPS 180-4 section 6.2.2) in WebAssembly. States are kept as digests are: big-endian. */
import {
  add,
  and,
  constant,
  get,
  i32,
  isLess,
  lane32,
  load128,
  load32,
  rotateRight,
  set,
  setLane32,
  shiftRight,
  store128,
  subtract,
  swapWords,
  v128,
  whileTrue,
  xor,
  zero128,
} from "./_wasm.ts";
import type { Code, WasmFunction } from "./_wasm.ts";

const primes = Array.from({ length: 312 }, (_, n) => n).filter(
  (n) => n > 1 && !Array.from({ length: n }, (_, d) => d).some((d) => d > 1 && n % d === 0),
);
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32);

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
export const sha256Constants = primes.map((prime) => fraction(Math.cbrt(prime)));
/** The same of the square roots of the first 8. */
export const sha256InitialState = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

const [from, to, block, blocks, round, vector] = [0, 1, 2, 3, 4, 5];
const sequence = (first: number, length: number): number[] =>
  Array.from({ length }, (_, index) => first + index);
const working = sequence(6, 8);
const saved = sequence(14, 8);
const words = sequence(22, 16);
const local = (group: readonly number[], index: number): number => group[index % group.length] ?? 0;

const rotations = (value: number, first: number, second: number, third: Code): Code => [
  [get(value), rotateRight(first), get(value), rotateRight(second), xor],
  [get(value), third, xor],
];

/** One round; which variable is called a moves down by one each time. */
function oneRound(index: number): Code {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = sequence(0, 8).map((letter) =>
    local(working, letter + 64 - index),
  );
  const choice: Code = [get(f), get(g), xor, get(e), and, get(g), xor];
  // The bits where b and c agree; else a's.
  const majority: Code = [get(a), get(b), xor, get(c), and, get(a), get(b), and, xor];
  return [
    [get(h), get(local(words, index)), add, get(round), load32(index * 4), add, choice, add],
    [rotations(e, 6, 11, rotateRight(25)), add, set(h)],
    [get(d), get(h), add, set(d)],
    [get(h), majority, add, rotations(a, 2, 13, rotateRight(22)), add, set(h)],
  ];
}

function nextWord(index: number): Code {
  const word = (ahead: number): number => local(words, index + ahead);
  return [
    [get(word(0)), rotations(word(1), 7, 18, shiftRight(3)), add, get(word(9)), add],
    [rotations(word(14), 17, 19, shiftRight(10)), add, set(word(0))],
  ];
}

/** The words at an address, big-endian, four at a time, into locals. */
const loadWords = (address: number, into: readonly number[]): Code =>
  into.map((word, index) => [
    index % 4 === 0 ? [get(address), load128(index * 4), swapWords(vector), set(vector)] : [],
    [get(vector), lane32(index % 4), set(word)],
  ]);

const storeWords = (address: number, group: readonly number[]): Code =>
  [0, 4].map((first) => [
    [get(address), zero128, [0, 1, 2, 3].map((lane) => [get(local(group, first + lane)), setLane32(lane)])],
    [swapWords(vector), store128(first * 4)],
  ]);

const each = (make: (index: number) => Code): Code => sequence(0, 16).map(make);

/**
 * `sha256(from, to, block, blocks)`: the state at `from` after so many blocks of 64 bytes,
 * written to `to`. The round constants stand at `constantsAt`.
 */
export function sha256Function(constantsAt: number): WasmFunction {
  return {
    name: "sha256",
    parameters: [i32, i32, i32, i32],
    locals: [i32, v128, ...sequence(0, 32).map((): typeof i32 => i32)],
    body: [
      loadWords(from, saved),
      whileTrue(get(blocks), [
        loadWords(block, words),
        working.map((variable, index) => [get(local(saved, index)), set(variable)]),
        [constant(constantsAt), set(round)],
        each(oneRound),
        whileTrue(
          [get(round), constant(constantsAt + 192), isLess],
          [get(round), constant(64), add, set(round), each((index) => [nextWord(index), oneRound(index)])],
        ),
        saved.map((word, index) => [get(word), get(local(working, index)), add, set(word)]),
        [get(block), constant(64), add, set(block), get(blocks), constant(1), subtract, set(blocks)],
      ]),
      storeWords(to, saved),
    ],
  };
}
