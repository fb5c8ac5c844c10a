import { randomBytes, signingKey, wrapKey } from "#primitives";
import { monotonicMs, systemClock } from "../../util/clock.ts";
import type { MonotonicMs } from "../../util/clock.ts";
import { E2eeError } from "../errors.ts";
import type { SigningKey, WrapKey } from "../primitives/types.ts";
import { firstOfNextEpoch, isGeneration, stepOf, stepsPerEpoch } from "./kid.ts";
import { ratchetTo } from "./ratchet.ts";
import { roomSecretBytes, sealRekey, sealWelcome } from "./room-message.ts";
import type { RoomSecret } from "./room-message.ts";
import { listenerHash, listenersDigest, signRoster } from "./roster.ts";
import type { RosterEntry } from "./roster.ts";

/** Somebody to give the room's secret to; `publicKey` is X25519, raw, 32 bytes. */
export type NewMember = { readonly participantId: string; readonly publicKey: Uint8Array };

/** Bytes for one member, to be relayed by a server that cannot read them. */
export type SealedMessage = { readonly to: string; readonly sealed: Uint8Array };

export type WelcomeOutcome =
  | ({ readonly kind: "sealed" } & SealedMessage)
  | { readonly kind: "refused"; readonly to: string; readonly cause: "bad-public-key" };

export type Rekeyed = RoomSecret & { readonly messages: SealedMessage[] };

/** How long leaves are collected before a fresh secret answers them all: 5 s. */
export const defaultRekeyWindowMs = 5000;
/** How long after a fresh secret is dealt speakers change over to it: 1 s. */
export const defaultActivationMs = 1000;

export type KeyDistributorOptions = {
  roomId: string;
  /** Who deals, and the key it signs with. Default: nobody by name, with a fresh key. */
  self?: { participantId: string; seat: number; key: SigningKey };
  /** Default 0; it must be above all that another has dealt in the room. */
  firstGeneration?: number;
  /** The secret of the predecessor, to go on with instead of a first one of our own. */
  inherited?: RoomSecret;
  /** The first roster's number; default: the first generation. */
  firstSequence?: number;
  /** Default {@link defaultRekeyWindowMs}. */
  rekeyWindowMs?: number;
  /** Default {@link defaultActivationMs}. */
  activationMs?: number;
  /**
   * The least time between two ratchets: a newcomer can open at most this much of what came before its
   * welcome. Default: never ratchets, for a stage that is not told of steps.
   */
  ratchetIntervalMs?: number;
  /** Default: now, on the system's clock. */
  nowMs?: MonotonicMs;
};

/**
 * Draws the room's secret and deals it: sealed to each member's public key once, at the join, together
 * with a pairwise key; from then on wrapped under that key.
 */
export class KeyDistributor {
  readonly #roomId: string;
  readonly #self: RosterEntry;
  readonly #key: SigningKey;
  readonly #rekeyWindowMs: number;
  readonly #activationMs: number;
  readonly #ratchetIntervalMs: number;
  readonly #members = new Map<string, { readonly pairwiseKey: WrapKey; readonly hash: Uint8Array }>();
  #spoken: RoomSecret;
  #ratchetedAt: MonotonicMs;
  /** Drawn, dealt, and not spoken under before this instant. */
  #next: (RoomSecret & { readonly fromMs: MonotonicMs }) | undefined;
  #rekeyDueAt: MonotonicMs | null = null;
  #stage: readonly RosterEntry[];
  #sequence: number;
  #roster: Uint8Array | undefined;

  constructor(options: KeyDistributorOptions) {
    this.#roomId = options.roomId;
    const self = options.self ?? { participantId: "", seat: 0, key: signingKey() };
    this.#key = self.key;
    this.#self = { participantId: self.participantId, seat: self.seat, signatureKey: self.key.publicKey };
    this.#stage = [this.#self];
    this.#rekeyWindowMs = options.rekeyWindowMs ?? defaultRekeyWindowMs;
    this.#activationMs = options.activationMs ?? defaultActivationMs;
    this.#ratchetIntervalMs = options.ratchetIntervalMs ?? Infinity;
    const nowMs = options.nowMs ?? systemClock.now();
    const first = options.inherited ?? drawSecret(options.firstGeneration ?? 0);
    this.#sequence = options.firstSequence ?? first.generation;
    this.#ratchetedAt = nowMs;
    this.#spoken = first;
  }

  /** The newest secret: what the distributor itself speaks under too, once speakers change over. */
  get current(): RoomSecret {
    const { generation, secret } = this.#next ?? this.#spoken;
    return { generation, secret };
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Whom the secret is dealt to by pairwise keys: to be held against who is known to be there. */
  get members(): string[] {
    return [...this.#members.keys()];
  }

  has(participantId: string): boolean {
    return this.#members.has(participantId);
  }

  /** Whether somebody has left who knows the present secret. */
  get rekeyDue(): boolean {
    return this.#rekeyDueAt !== null;
  }

  /** When the present secret must be replaced: a window after the first leave since it was drawn; null: no need. */
  get rekeyDueAt(): MonotonicMs | null {
    return this.#rekeyDueAt;
  }

  /** The signed roster, for everybody. */
  get roster(): Uint8Array {
    return (this.#roster ??= this.#sign());
  }

  /** Who is on the stage from now on, ourselves left out; {@link roster} is another one then. */
  setStage(others: readonly RosterEntry[]): void {
    this.#stage = [this.#self, ...others];
    this.#renewRoster();
  }

  /** The secret that speakers speak under at an instant. */
  spoken(nowMs: MonotonicMs): RoomSecret {
    if (this.#next !== undefined && nowMs >= this.#next.fromMs) {
      this.#spoken = { generation: this.#next.generation, secret: this.#next.secret };
      this.#ratchetedAt = this.#next.fromMs;
      this.#next = undefined;
    }
    return this.#spoken;
  }

  /**
   * To be called before newcomers are welcomed: ratchets the secret that is spoken under, so that they cannot
   * open what came before. Null: it is too early for another step. When an epoch has no more steps, a rekey is due.
   */
  ratchet(nowMs: MonotonicMs): RoomSecret | null {
    const { generation, secret } = this.spoken(nowMs);
    if (nowMs < this.#ratchetedAt + this.#ratchetIntervalMs) return null;
    if (stepOf(generation) + 1 === stepsPerEpoch) {
      if (this.#next === undefined) this.#rekeyDueAt = nowMs;
      return null;
    }
    this.#ratchetedAt = nowMs;
    this.#spoken = {
      generation: generation + 1,
      secret: ratchetTo(generation + 1, generation, secret),
    };
    return this.#spoken;
  }

  /** Seals the present secrets to a member; welcoming one again replaces its pairwise key. */
  welcome({ participantId, publicKey }: NewMember, nowMs: MonotonicMs = systemClock.now()): WelcomeOutcome {
    const pairwiseKey = randomBytes(32);
    const spoken = this.spoken(nowMs);
    const sealed = sealWelcome(
      { roomId: this.#roomId, participantId, publicKey },
      { current: this.current, spoken, pairwiseKey },
      { key: this.#key, roster: this.roster },
    );
    if (sealed === null) return { kind: "refused", to: participantId, cause: "bad-public-key" };
    const hash = listenerHash(participantId, publicKey);
    this.#members.set(participantId, { pairwiseKey: wrapKey(pairwiseKey), hash });
    return { kind: "sealed", to: participantId, sealed };
  }

  /** Takes a member out: it gets nothing from now on. False when it never got anything. */
  remove(participantId: string, nowMs: MonotonicMs): boolean {
    if (!this.#members.delete(participantId)) return false;
    this.owe(nowMs);
    return true;
  }

  /** Takes out a member that gets the secret by another way from now on: nothing is owed for it. */
  release(participantId: string): void {
    this.#members.delete(participantId);
  }

  /** Somebody has left who knows the present secret. */
  owe(nowMs: MonotonicMs): void {
    this.#rekeyDueAt ??= monotonicMs(nowMs + this.#rekeyWindowMs);
  }

  /** Draws a fresh secret, for every present member and nobody else. */
  rekey(nowMs: MonotonicMs = systemClock.now()): Rekeyed {
    const spoken = this.spoken(nowMs);
    const fresh = drawSecret(firstOfNextEpoch(this.current.generation));
    this.#spoken = spoken;
    this.#next = { ...fresh, fromMs: monotonicMs(nowMs + this.#activationMs) };
    this.#rekeyDueAt = null;
    this.#renewRoster();
    const messages: SealedMessage[] = [];
    for (const [to, { pairwiseKey }] of this.#members) {
      messages.push({ to, sealed: sealRekey(pairwiseKey, fresh) });
    }
    return { ...fresh, messages };
  }

  /** A secret that is no news to listeners, such as a step, for some members: wrapped under their pairwise keys. */
  wrapFor(ids: Iterable<string>, secret: RoomSecret): SealedMessage[] {
    return [...ids].flatMap((to) => {
      const pairwiseKey = this.#members.get(to)?.pairwiseKey;
      return pairwiseKey === undefined ? [] : [{ to, sealed: sealRekey(pairwiseKey, secret) }];
    });
  }

  #renewRoster(): void {
    if (this.#roster !== undefined) this.#sequence++;
    this.#roster = undefined;
  }

  #sign(): Uint8Array {
    const hashes = new Map([...this.#members].map(([id, { hash }]) => [id, hash]));
    const listeners = { count: hashes.size, digest: listenersDigest(hashes) };
    const roster = { sequence: this.#sequence, distributor: this.#self, stage: this.#stage, listeners };
    return signRoster(this.#roomId, roster, this.#key);
  }
}

function drawSecret(generation: number): RoomSecret {
  if (!isGeneration(generation)) {
    throw new E2eeError("generation-exhausted", `there is no generation ${generation} of a room's secret`);
  }
  return { generation, secret: randomBytes(roomSecretBytes) };
}
