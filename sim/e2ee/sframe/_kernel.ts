/** The WebAssembly part of the window engine, and where in its memory things lie. */
import { ghashFunctions, ghashTableBytes } from "./_ghash.ts";
import { sha256Constants, sha256Function } from "./_sha256.ts";
import { wasmModule } from "./_wasm.ts";
import { windowBytes, windowsPerKey } from "./_window-size.ts";

/** What a key keeps: GHASH's tables or HMAC's states, then its windows. */
export const slotBytes = ghashTableBytes + windowsPerKey * windowBytes;
/** 15 MiB, of which only what was once used is resident. */
export const slots = 512;
/** No frame and no additional data longer than this is handled here. */
export const longestBytes = 2048;

const pageBytes = 65_536;
const constantsAt = 0;
const masksAt = 256;
/** Where a computed tag is found. */
export const tagAt = 288;
/** The outer hash's only block. */
export const outerBlockAt = 320;
/** Key stream of a single frame. */
export const streamAt = 1024;
/** What comes before a message in HMAC's input (lengths and nonce) ends here; the message begins. */
export const messageAt = 4096;
export const additionalDataAt = messageAt + 3 * longestBytes;
const slotsAt = additionalDataAt + 2 * longestBytes;

export const slotAt = (slot: number): number => slotsAt + slot * slotBytes;

type KernelFunctions = {
  gcmTag(
    table: number,
    mask: number,
    aad: number,
    aadBytes: number,
    text: number,
    textBytes: number,
    expected: number,
    out: number,
  ): number;
  sha256(from: number, to: number, block: number, blocks: number): void;
};

// TypeScript has these among the browser's types only.
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { host: { memory: object } },
  ) => { readonly exports: KernelFunctions };
};

const pages = Math.ceil(slotAt(slots) / pageBytes);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });

/** All of the kernel's memory, as bytes and as words of 32 bits. */
export const kernelBytes = new Uint8Array(memory.buffer);
export const kernelWords = new Uint32Array(memory.buffer);

kernelWords.set(sha256Constants, constantsAt / 4);
kernelBytes.fill(0xff, masksAt, masksAt + 16);

export const { gcmTag, sha256 } = new WebAssembly.Instance(
  new WebAssembly.Module(wasmModule([...ghashFunctions(0, masksAt), sha256Function(constantsAt)], pages)),
  { host: { memory } },
).exports;
