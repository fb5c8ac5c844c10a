/**
 * The key stream of one key in counter mode, by a single long-lived AES-ECB
 * cipher: one call encrypts the counter blocks of 64 SFrame counters, and their
 * frames then cost no call into it at all.
 */
import { aesBlocks } from "#primitives";
import type { AesBlocks } from "../primitives/types.ts";
import { highWord, lowWord } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";
import { swapped } from "./_ghash.ts";
import { kernelBytes, streamAt } from "./_kernel.ts";
import {
  windowBlocks,
  windowBytes,
  windowCounterBits,
  windowCounters,
  windowsPerKey,
} from "./_window-size.ts";

/** Counter blocks of a window, or of one frame, the longest of which is much shorter. */
const counterWords = new Uint32Array(windowBytes / 4);
const counterBytes = new Uint8Array(counterWords.buffer);

export class KeyStream {
  readonly #encrypt: AesBlocks;
  readonly #firstBlock: number;
  /** The salt, as counter blocks have it in memory. */
  readonly #salt: Uint32Array;
  /** Each window's first counter; NaN: none. */
  readonly #bases = new Float64Array(windowsPerKey).fill(Number.NaN);
  /** The window that the last counter without one belongs to. */
  #wanted = Number.NaN;

  /** `firstBlock` is the block counter that a frame's key stream begins with: 1 in GCM, with the tag's mask. */
  constructor(key: Uint8Array, salt: Uint8Array, firstBlock: number) {
    this.#encrypt = aesBlocks(key);
    this.#firstBlock = firstBlock;
    this.#salt = new Uint32Array(Uint8Array.from(salt).buffer);
  }

  /** What AES makes of a block of zeros: GHASH's H. */
  hashKey(): Uint8Array {
    return this.#encrypt(new Uint8Array(16));
  }

  /** To be called when the memory for the windows is no longer what it was. */
  forget(): void {
    this.#bases.fill(Number.NaN);
  }

  /**
   * The address of so many bytes (at most those of GCM's mask and the longest frame) of a
   * counter's key stream; the key's windows are at `windowsAt`. Valid until the next call.
   */
  at(ctr: Uint64, bytes: number, windowsAt: number): number {
    if (bytes > windowBlocks * 16 || typeof ctr !== "number") return this.#single(ctr, bytes);
    const index = ctr & (windowCounters - 1);
    const base = ctr - index;
    const window = (ctr >>> windowCounterBits) & (windowsPerKey - 1);
    const address = windowsAt + window * windowBytes;
    if (this.#bases[window] !== base) {
      // Only a second frame shows that a window pays: counters that jump about cost no more than one frame each.
      if (this.#wanted !== base) {
        this.#wanted = base;
        return this.#single(ctr, bytes);
      }
      this.#fill(base, address);
      this.#bases[window] = base;
    }
    return address + index * windowBlocks * 16;
  }

  #fill(base: number, address: number): void {
    const high = highWord(base);
    const low = lowWord(base);
    for (let index = 0; index < windowCounters; index++) {
      this.#writeCounterBlocks(index * windowBlocks * 4, high, low + index, windowBlocks);
    }
    kernelBytes.set(this.#encrypt(counterBytes), address);
  }

  #single(ctr: Uint64, bytes: number): number {
    const blocks = Math.ceil(bytes / 16);
    this.#writeCounterBlocks(0, highWord(ctr), lowWord(ctr), blocks);
    kernelBytes.set(this.#encrypt(counterBytes.subarray(0, blocks * 16)), streamAt);
    return streamAt;
  }

  /** Nonce (salt XOR counter, RFC 9605 section 4.4.3) and block counter, block after block. */
  #writeCounterBlocks(at: number, high: number, low: number, blocks: number): void {
    const first = this.#salt[0] ?? 0;
    const second = (this.#salt[1] ?? 0) ^ swapped(high);
    const third = (this.#salt[2] ?? 0) ^ swapped(low);
    for (let block = 0; block < blocks; block++) {
      const word = at + block * 4;
      counterWords[word] = first;
      counterWords[word + 1] = second;
      counterWords[word + 2] = third;
      counterWords[word + 3] = swapped(this.#firstBlock + block);
    }
  }
}
