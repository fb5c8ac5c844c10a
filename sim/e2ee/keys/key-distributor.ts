import { randomBytes, wrapKey } from "#primitives";
import { monotonicMs } from "../../util/clock.ts";
import type { MonotonicMs } from "../../util/clock.ts";
import { E2eeError } from "../errors.ts";
import type { WrapKey } from "../primitives/types.ts";
import { maxGeneration } from "./kid.ts";
import { roomSecretBytes, sealRekey, sealWelcome } from "./room-message.ts";

/** The room's secret and which one it is. */
export type RoomSecret = { readonly generation: number; readonly secret: Uint8Array };

/** Somebody to give the room's secret to; `publicKey` is X25519, raw, 32 bytes. */
export type NewMember = { readonly participantId: string; readonly publicKey: Uint8Array };

/** Bytes for one member, to be relayed by a server that cannot read them; far below the 2,048 that it carries. */
export type SealedMessage = { readonly to: string; readonly sealed: Uint8Array };

export type WelcomeOutcome =
  | ({ readonly kind: "sealed" } & SealedMessage)
  | { readonly kind: "refused"; readonly to: string; readonly cause: "bad-public-key" };

export type Rekeyed = RoomSecret & { readonly messages: SealedMessage[] };

/** How long leaves are collected before a fresh secret answers them all: 5 s. */
export const defaultRekeyWindowMs = 5000;

export type KeyDistributorOptions = {
  roomId: string;
  /** Default 0; after a change of distributors it must be above all that its predecessor dealt. */
  firstGeneration?: number;
  /** Default {@link defaultRekeyWindowMs}. */
  rekeyWindowMs?: number;
};

/**
 * Draws the room's secret and deals it: sealed to each member's public key once, at
 * the join, together with a pairwise key; from then on wrapped under that key.
 */
export class KeyDistributor {
  readonly #roomId: string;
  readonly #rekeyWindowMs: number;
  readonly #pairwiseKeys = new Map<string, WrapKey>();
  #current: RoomSecret;
  #rekeyDueAt: MonotonicMs | null = null;

  constructor(options: KeyDistributorOptions) {
    this.#roomId = options.roomId;
    this.#rekeyWindowMs = options.rekeyWindowMs ?? defaultRekeyWindowMs;
    this.#current = drawSecret(options.firstGeneration ?? 0);
  }

  /** The secret that the distributor itself speaks and listens under. */
  get current(): RoomSecret {
    return this.#current;
  }

  get memberCount(): number {
    return this.#pairwiseKeys.size;
  }

  /** Whether somebody has left who knows the present secret. */
  get rekeyDue(): boolean {
    return this.#rekeyDueAt !== null;
  }

  /** When the present secret must be replaced: a window after the first leave since it was drawn; null: no need. */
  get rekeyDueAt(): MonotonicMs | null {
    return this.#rekeyDueAt;
  }

  /** Seals the present secret to a member; welcoming one again replaces its pairwise key. */
  welcome({ participantId, publicKey }: NewMember): WelcomeOutcome {
    const pairwiseKey = randomBytes(32);
    const sealed = sealWelcome(
      { roomId: this.#roomId, participantId, publicKey },
      { ...this.#current, pairwiseKey },
    );
    if (sealed === null) return { kind: "refused", to: participantId, cause: "bad-public-key" };
    this.#pairwiseKeys.set(participantId, wrapKey(pairwiseKey));
    return { kind: "sealed", to: participantId, sealed };
  }

  /** Takes a member out: it gets nothing from now on. False when it never got anything. */
  remove(participantId: string, nowMs: MonotonicMs): boolean {
    if (!this.#pairwiseKeys.delete(participantId)) return false;
    this.#rekeyDueAt ??= monotonicMs(nowMs + this.#rekeyWindowMs);
    return true;
  }

  /** Draws a fresh secret, for every present member and nobody else. */
  rekey(): Rekeyed {
    this.#current = drawSecret(this.#current.generation + 1);
    this.#rekeyDueAt = null;
    const { generation, secret } = this.#current;
    const messages: SealedMessage[] = [];
    for (const [to, pairwiseKey] of this.#pairwiseKeys) {
      messages.push({ to, sealed: sealRekey(pairwiseKey, generation, secret) });
    }
    return { generation, secret, messages };
  }
}

function drawSecret(generation: number): RoomSecret {
  if (!(Number.isInteger(generation) && generation >= 0 && generation <= maxGeneration)) {
    throw new E2eeError("generation-exhausted", `there is no generation ${generation} of a room's secret`);
  }
  return { generation, secret: randomBytes(roomSecretBytes) };
}
