import { KeyDistributor, type SealedMessage } from "../e2ee/keys/key-distributor.ts";
import { KeyMember } from "../e2ee/keys/key-member.ts";
import { kidOf } from "../e2ee/keys/kid.ts";
import { RoomSecrets } from "../e2ee/keys/room-secrets.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import type { JoinAnswer, Member, Role } from "../protocol/signalling.ts";
import { monotonicMs, type MonotonicMs } from "../util/clock.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import type { ToWorker } from "./frame-guard.ts";
import { mediaSuite } from "./media-suite.ts";
import { safetyNumber } from "./safety-number.ts";

/** Others have a new generation's key by then, and so hear its first frame. */
const keyActivationMs = 1000;
/** Joins are collected for so long before their keys are dealt together. */
const welcomeBatchMs = 20;

export type KeysOptions = {
  /** Milliseconds on a steady clock. */
  now(): number;
  /** Above every generation that another has dealt in this room, when we cannot know them. */
  unknownGeneration(): number;
  toWorker(message: ToWorker): void;
  relay(messages: { to: string; sealed: string }[]): void;
  onSecret(secret: { generation: number; safetyNumber: string }): void;
};

/** What the room's client needs of the keys; tests have them without cryptography. */
export type MemberKeys = Pick<
  RoomKeys,
  "publicKey" | "joined" | "memberHere" | "memberLeft" | "placed" | "open" | "close"
>;

/**
 * Our end of the room's keys: what the host seals to us, or as the host what we deal;
 * from it the keys of those on the stage, and our own.
 */
export class RoomKeys {
  readonly #options: KeysOptions;
  readonly #member = new KeyMember();
  readonly #secrets = new RoomSecrets();
  readonly #seats = new Map<string, number>();
  /** Who takes part in encryption, for whoever deals. */
  readonly #others = new Map<string, Uint8Array>();
  #roomId = "";
  #me: { participantId: string; seat: number | null } | undefined;
  #dealer: KeyDistributor | undefined;
  #newest: { generation: number; secret: Uint8Array } | undefined;
  #joining = new Set<string>();
  #timers: Partial<Record<"welcome" | "rekey" | "expiry", ReturnType<typeof setTimeout>>> = {};

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  /** X25519, base64url. */
  get publicKey(): string {
    return toBase64Url(this.#member.publicKey);
  }

  joined({ roomId, participantId, role, seat, stage, audience }: JoinAnswer): void {
    this.#roomId = roomId;
    this.#me = { participantId, seat };
    this.#member.joined({ roomId, participantId });
    for (const member of [...stage, ...(audience ?? [])]) this.memberHere(member);
    this.placed(role, seat, audience);
  }

  /** Somebody came, or has another role or seat. */
  memberHere({ participantId, seat, publicKey }: Member): void {
    if (participantId === this.#me?.participantId) return;
    if (publicKey !== null && !this.#others.has(participantId)) {
      this.#others.set(participantId, fromBase64Url(publicKey));
      this.#welcomeSoon(participantId);
    }
    if (this.#seats.get(participantId) === (seat ?? undefined)) return;
    this.#seats.delete(participantId);
    if (seat === null) return;
    this.#seats.set(participantId, seat);
    for (const held of this.#secrets.held(this.#now())) this.#give(held, participantId, seat);
  }

  memberLeft(participantId: string): void {
    this.#seats.delete(participantId);
    this.#others.delete(participantId);
    this.#joining.delete(participantId);
    if (this.#dealer?.remove(participantId, this.#now()) !== true) return;
    const dueAt = this.#dealer.rekeyDueAt;
    if (dueAt === null) return;
    this.#timers.rekey ??= setTimeout(() => this.#rekey(), Math.max(1, dueAt - this.#options.now()));
  }

  /** Our own role and seat. `audience`: for who deals keys from now on. */
  placed(role: Role, seat: number | null, audience: readonly Member[] | null): void {
    const me = this.#me;
    if (me === undefined) return;
    const isNewSeat = me.seat !== seat;
    this.#me = { ...me, seat };
    if (isNewSeat) this.#options.toWorker({ type: "no-send-key" });
    if (role === "host" && this.#dealer === undefined) {
      for (const member of audience ?? []) this.memberHere(member);
      this.#deal();
    } else if (role !== "host") {
      this.#dealer = undefined;
      clearTimeout(this.#timers.rekey);
    }
    if (seat !== null && this.#newest !== undefined && isNewSeat) this.#speakUnder(this.#newest);
  }

  /** Sealed bytes of the host's. */
  open(sealed: string): void {
    const opened = this.#member.open(fromBase64Url(sealed));
    if (opened.kind === "secret") this.#arrived(opened.generation, opened.secret);
  }

  close(): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#dealer = undefined;
  }

  #now(): MonotonicMs {
    return monotonicMs(this.#options.now());
  }

  #deal(): void {
    const isFirst = this.#newest === undefined && this.#others.size === 0 && this.#seats.size === 0;
    const firstGeneration = isFirst
      ? 0
      : this.#newest === undefined
        ? this.#options.unknownGeneration()
        : this.#newest.generation + 1;
    this.#dealer = new KeyDistributor({ roomId: this.#roomId, firstGeneration });
    const { generation, secret } = this.#dealer.current;
    this.#arrived(generation, secret);
    for (const participantId of this.#others.keys()) this.#welcomeSoon(participantId);
  }

  #welcomeSoon(participantId: string): void {
    if (this.#dealer === undefined) return;
    this.#joining.add(participantId);
    this.#timers.welcome ??= setTimeout(() => {
      delete this.#timers.welcome;
      const messages: SealedMessage[] = [];
      for (const joining of this.#joining) {
        const publicKey = this.#others.get(joining);
        const outcome =
          publicKey === undefined ? undefined : this.#dealer?.welcome({ participantId: joining, publicKey });
        if (outcome?.kind === "sealed") messages.push(outcome);
      }
      this.#joining.clear();
      this.#relay(messages);
    }, welcomeBatchMs);
  }

  #rekey(): void {
    delete this.#timers.rekey;
    const dealt = this.#dealer?.rekey();
    if (dealt === undefined) return;
    this.#relay(dealt.messages);
    this.#arrived(dealt.generation, dealt.secret);
  }

  #relay(messages: SealedMessage[]): void {
    if (messages.length === 0) return;
    this.#options.relay(messages.map(({ to, sealed }) => ({ to, sealed: toBase64Url(sealed) })));
  }

  #arrived(generation: number, secret: Uint8Array): void {
    if (!this.#secrets.add(generation, secret, this.#now())) return;
    this.#newest = { generation, secret };
    for (const [participantId, seat] of this.#seats) this.#give({ generation, secret }, participantId, seat);
    this.#speakUnder({ generation, secret });
    this.#expireLater();
    this.#options.onSecret({ generation, safetyNumber: safetyNumber(this.#roomId, generation, secret) });
  }

  #speakUnder({ generation, secret }: { generation: number; secret: Uint8Array }): void {
    const { participantId, seat } = this.#me ?? { seat: null };
    if (participantId === undefined || seat === null) return;
    const kid = kidOf(generation, seat);
    const baseKey = speakerBaseKey({ secret, participantId, kid, suite: mediaSuite });
    this.#options.toWorker({ type: "send-key", kid, baseKey, afterMs: keyActivationMs });
  }

  #give(
    { generation, secret }: { generation: number; secret: Uint8Array },
    participantId: string,
    seat: number,
  ): void {
    const kid = kidOf(generation, seat);
    const baseKey = speakerBaseKey({ secret, participantId, kid, suite: mediaSuite });
    this.#options.toWorker({ type: "receive-key", participantId, kid, baseKey });
  }

  #expireLater(): void {
    clearTimeout(this.#timers.expiry);
    const dueAt = this.#secrets.nextExpiryAt;
    if (dueAt === null) return;
    this.#timers.expiry = setTimeout(
      () => {
        for (const generation of this.#secrets.expire(this.#now()))
          this.#options.toWorker({ type: "drop-generation", generation });
        this.#expireLater();
      },
      Math.max(1, dueAt - this.#options.now()),
    );
  }
}
