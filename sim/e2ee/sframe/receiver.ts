import { uint64 } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";
import { decodeSFrameHeader } from "./header.ts";
import type { SFrameKey } from "./key.ts";
import { ReplayWindow } from "./replay-window.ts";

export const refusalCauses = ["malformed", "unknown-key", "authentication", "replay"] as const;
export type RefusalCause = (typeof refusalCauses)[number];

export type Refused = { readonly kind: "refused"; readonly cause: RefusalCause };
export type Decrypted =
  | { readonly kind: "ok"; readonly kid: Uint64; readonly ctr: Uint64; readonly plaintext: Uint8Array }
  | Refused;

const malformed: Refused = Object.freeze({ kind: "refused", cause: "malformed" });
const unknownKey: Refused = Object.freeze({ kind: "refused", cause: "unknown-key" });
const authentication: Refused = Object.freeze({ kind: "refused", cause: "authentication" });
const replay: Refused = Object.freeze({ kind: "refused", cause: "replay" });

export type ReceiverOptions = {
  /** A key for a KID that is not known; null: there is none. Kept only once a frame has authenticated under it. */
  find?(kid: Uint64): SFrameKey | null;
  /** A key that was found is kept from now on. */
  found?(kid: Uint64): void;
};

/** One receiver: the keys that it knows, and for each which counters it has already heard. */
export class SFrameReceiver {
  readonly #keys = new Map<Uint64, { readonly key: SFrameKey; readonly window: ReplayWindow }>();
  readonly #options: ReceiverOptions;

  constructor(options: ReceiverOptions = {}) {
    this.#options = options;
  }

  /**
   * False when there is a key with this KID already: that one and its replay window
   * stay, since a KID stands for one key. Remove it first to replace it.
   */
  addKey(key: SFrameKey): boolean {
    if (this.#keys.has(key.kid)) return false;
    this.#keys.set(key.kid, { key, window: new ReplayWindow() });
    return true;
  }

  hasKey(kid: number | bigint): boolean {
    return this.#keys.has(uint64(kid));
  }

  /** Forgets a key and which counters were heard under it; false when there was none. */
  removeKey(kid: number | bigint): boolean {
    return this.#keys.delete(uint64(kid));
  }

  /** Never throws, whatever the bytes. The replay window moves only once a frame has authenticated. */
  decrypt(message: Uint8Array, metadata?: Uint8Array): Decrypted {
    const header = decodeSFrameHeader(message);
    if (header === null) return malformed;
    const entry = this.#keys.get(header.kid);
    if (entry === undefined) return this.#decryptUnknown(header.kid, message, metadata);
    if (message.length < header.bytes + entry.key.tagBytes) return malformed;
    if (!entry.window.isFresh(header.ctr)) return replay;
    const plaintext = entry.key.cipher.open(message, header.bytes, header.ctr, metadata);
    if (plaintext === null) return authentication;
    entry.window.accept(header.ctr);
    return { kind: "ok", kid: header.kid, ctr: header.ctr, plaintext };
  }

  #decryptUnknown(kid: Uint64, message: Uint8Array, metadata: Uint8Array | undefined): Decrypted {
    const key = this.#options.find?.(kid) ?? null;
    if (key === null || key.kid !== kid) return unknownKey;
    this.addKey(key);
    const decrypted = this.decrypt(message, metadata);
    if (decrypted.kind === "ok") this.#options.found?.(kid);
    else this.removeKey(kid);
    return decrypted;
  }
}
