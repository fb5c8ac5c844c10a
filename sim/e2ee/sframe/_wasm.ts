/**
 * As much of an assembler for WebAssembly as the kernel needs: each function
 * gives the bytes of one instruction, operands come before their operator, and
 * `wasmModule` puts functions together into a module (WebAssembly Core 2.0, chapter 5).
 */

/** Instructions one after the other; nesting means nothing. */
export type Code = readonly (number | Code)[];

export const i32 = 0x7f;
export const i64 = 0x7e;
export const v128 = 0x7b;
type ValueType = typeof i32 | typeof i64 | typeof v128;

export type WasmFunction = {
  /** Under which name JavaScript finds it, if it does. */
  readonly name?: string;
  readonly parameters: readonly ValueType[];
  readonly result?: ValueType;
  /** Numbered on from the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
};

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

const simd = (operation: number): Code => [0xfd, unsigned(operation)];
/** Alignment is a hint only; none is claimed. */
const at = (offset: number): Code => [0, unsigned(offset)];

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number): Code => [0x21, unsigned(local)];
export const call = (index: number): Code => [0x10, unsigned(index)];
export const constant = (value: number): Code => [0x41, signed(value)];
export const add: Code = [0x6a];
export const subtract: Code = [0x6b];
export const and: Code = [0x71];
export const xor: Code = [0x73];
export const shiftLeft = (bits: number): Code => [constant(bits), 0x74];
export const shiftRight = (bits: number): Code => [constant(bits), 0x76];
export const rotateRight = (bits: number): Code => [constant(bits), 0x78];
export const isAtLeast: Code = [0x4f];
export const isLess: Code = [0x49];
export const load32 = (offset: number): Code => [0x28, at(offset)];
/** The lower half of a 64-bit integer shifted to the right. */
export const lowAfterShift64 = (bits: number): Code => [0x42, signed(bits), 0x88, 0xa7];

export const load128 = (offset = 0): Code => [simd(0x00), at(offset)];
export const store128 = (offset = 0): Code => [simd(0x0b), at(offset)];
export const zero128: Code = [simd(0x0c), Array.from({ length: 16 }, () => 0)];
export const and128: Code = simd(0x4e);
export const xor128: Code = simd(0x51);
export const isAnySet128: Code = simd(0x53);
export const lane32 = (lane: number): Code => [simd(0x1b), lane];
export const setLane32 = (lane: number): Code => [simd(0x1c), lane];
export const lane64 = (lane: number): Code => [simd(0x1d), lane];
const shuffle = (lanes: readonly number[]): Code => [simd(0x0d), lanes];
/** The vector on the stack from big-endian words to little-endian ones, or back; needs a local to hold it. */
export const swapWords = (scratch: number): Code => [
  set(scratch),
  get(scratch),
  get(scratch),
  shuffle([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
];

/** Runs `body` again and again while `condition` holds. */
export const whileTrue = (condition: Code, body: Code): Code => [
  [0x02, 0x40, 0x03, 0x40],
  [condition, 0x45, 0x0d, 1],
  [body, 0x0c, 0],
  [0x0b, 0x0b],
];
export const when = (condition: Code, body: Code): Code => [condition, 0x04, 0x40, body, 0x0b];

function flatten(code: Code): number[] {
  return code.flatMap((part) => (typeof part === "number" ? [part] : flatten(part)));
}

function counted(code: Code): number[] {
  const bytes = flatten(code);
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, entries: readonly Code[]): Code {
  return [id, counted([unsigned(entries.length), ...entries])];
}

const text = (value: string): Code => counted([...new TextEncoder().encode(value)]);

/** A module whose memory is imported as `host.memory`. Functions are numbered in their order. */
export function wasmModule(functions: readonly WasmFunction[], memoryPages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    counted([...parameters]),
    counted(result === undefined ? [] : [result]),
  ]);
  const exported = functions.flatMap(({ name }, index) =>
    name === undefined ? [] : [[text(name), 0, unsigned(index)]],
  );
  const bodies = functions.map(({ locals, body }) =>
    counted([unsigned(locals.length), locals.map((type) => [1, type]), body, 0x0b]),
  );
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, types),
      section(2, [[text("host"), text("memory"), 2, 0, unsigned(memoryPages)]]),
      section(
        3,
        functions.map((_, index) => unsigned(index)),
      ),
      section(7, exported),
      section(10, bodies),
    ]),
  );
}
