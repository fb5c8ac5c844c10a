import { generationAt } from "../e2ee/keys/kid.ts";
import {
  StageKeys,
  type StageEffects,
  type StageMember,
  type StageStatus,
  type StageTask,
} from "../e2ee/keys/stage-keys.ts";
import { maxRelayRecipients, type JoinAnswer, type Member, type Role } from "../protocol/signalling.ts";
import { monotonicMs, type MonotonicMs } from "../util/clock.ts";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import type { ToWorker } from "./frame-guard.ts";

/** How long leaves are collected before a fresh secret answers them all, when we deal; the simulation's default too. */
const rekeyWindowMs = 5000;
/** So many characters of sealed messages go in one request, that it stays below what the server takes. */
const maxRelayedLength = 44 * 1024;

export type SealedOut = { readonly to: string; readonly sealed: string };

export type KeysOptions = {
  /** Milliseconds on a steady clock. */
  now(): number;
  /** Milliseconds since 1970. */
  unixMs(): number;
  toWorker(message: ToWorker): void;
  /** One request's worth. Resolves once it is sent. */
  relay(messages: SealedOut[]): Promise<void>;
  /** `generation`: the newest that came with this; null: none did. */
  onStatus(status: StageStatus, generation: number | null): void;
  onError(error: unknown): void;
};

/** What the room's client needs of the keys; tests have them without cryptography. */
export type MemberKeys = Pick<
  RoomKeys,
  "publicKey" | "joined" | "resumed" | "memberHere" | "memberLeft" | "placed" | "open" | "close"
>;

type Standing = Pick<JoinAnswer, "role" | "seat" | "stage" | "audience">;

/**
 * Our end of the room's keys: in the audience we are dealt them, on the stage we are of the group that has
 * them, and deal when it is our turn. The secrets go to the worker, which makes the keys of frames.
 */
export class RoomKeys {
  readonly #options: KeysOptions;
  readonly #keys = new StageKeys();
  /** All others that we were told of. */
  readonly #known = new Map<string, Member>();
  #participantId = "";
  /** What comes before we are in the room. */
  #early: StageTask[] | undefined = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** One task after the other: a leave must not overtake the join that it follows. */
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  /** X25519, base64url. */
  get publicKey(): string {
    return toBase64Url(this.#keys.publicKey);
  }

  joined(answer: JoinAnswer): void {
    const { participantId, roomId, role, seat } = answer;
    this.#participantId = participantId;
    const others = this.#othersIn(answer);
    for (const member of others) this.#known.set(member.participantId, member);
    this.#tellSeats(others);
    this.#options.toWorker({ type: "self", participantId, seat });
    this.#enqueue((nowMs) =>
      this.#keys.begin(
        {
          roomId,
          rekeyWindowMs,
          self: this.#self(role, seat),
          others: others.map(stageMember),
          unknownGeneration: generationAt(this.#options.unixMs()),
        },
        nowMs,
      ),
    );
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const task of early) this.#perform(task);
  }

  /** Back after a cut: who came, went and changed meanwhile. */
  resumed(answer: Standing): void {
    const others = this.#othersIn(answer);
    const there = new Set(others.map(({ participantId }) => participantId));
    for (const { participantId, seat } of [...this.#known.values()]) {
      // Of the audience those are told whom we deal to, and nobody else is.
      if (!there.has(participantId) && (seat !== null || answer.audience !== null))
        this.memberLeft(participantId);
    }
    for (const member of others) this.memberHere(member);
    this.placed(answer.role, answer.seat, null);
  }

  /** Somebody came, or has another role or seat. */
  memberHere(member: Member): void {
    if (member.participantId === this.#participantId) return;
    const before = this.#known.get(member.participantId);
    if (before?.role === member.role && before.seat === member.seat) return;
    this.#known.set(member.participantId, member);
    this.#tellSeats([member]);
    this.#perform({ kind: before === undefined ? "here" : "changed", member: stageMember(member) });
  }

  memberLeft(participantId: string): void {
    if (!this.#known.delete(participantId)) return;
    this.#options.toWorker({ type: "seat", participantId, seat: null });
    this.#perform({ kind: "left", participantId });
  }

  /** Our own role and seat. `audience`: those whom we may have to deal to from now on; null: as known. */
  placed(role: Role, seat: number | null, audience: readonly Member[] | null): void {
    for (const member of audience ?? []) this.memberHere(member);
    this.#options.toWorker({ type: "self", participantId: this.#participantId, seat });
    this.#perform({ kind: "changed", member: this.#self(role, seat) });
  }

  open(from: string, sealed: string): void {
    this.#perform({ kind: "sealed", from, sealed: fromBase64Url(sealed) });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #self(role: Role, seat: number | null): StageMember {
    return {
      participantId: this.#participantId,
      seat,
      isHost: role === "host",
      publicKey: this.#keys.publicKey,
    };
  }

  #othersIn({ stage, audience }: Pick<Standing, "stage" | "audience">): Member[] {
    return [...stage, ...(audience ?? [])].filter(
      ({ participantId }) => participantId !== this.#participantId,
    );
  }

  #tellSeats(members: readonly Member[]): void {
    for (const { participantId, seat } of members)
      this.#options.toWorker({ type: "seat", participantId, seat });
  }

  #perform(task: StageTask): void {
    if (this.#early === undefined) this.#enqueue((nowMs) => this.#keys.perform(task, nowMs));
    else this.#early.push(task);
  }

  #enqueue(ask: (nowMs: MonotonicMs) => Promise<StageEffects>): void {
    this.#work = this.#work
      .then(async () => {
        if (!this.#closed) await this.#apply(await ask(monotonicMs(this.#options.now())));
      })
      .catch((error: unknown) => {
        if (!this.#closed) this.#options.onError(error);
      });
  }

  async #apply({ messages, secrets, status }: StageEffects): Promise<void> {
    for (const { generation, secret, isStep } of secrets)
      this.#options.toWorker({ type: "secret", generation, secret, isStep });
    const newest = secrets.reduce((most, { generation }) => Math.max(most, generation), -1);
    this.#options.onStatus(status, newest < 0 ? null : newest);
    this.#dueLater(status.dueAt);
    const sealed = messages.map((message) => ({ to: message.to, sealed: toBase64Url(message.sealed) }));
    for (const batch of batches(sealed)) await this.#options.relay(batch);
  }

  #dueLater(dueAt: MonotonicMs | null): void {
    clearTimeout(this.#timer);
    if (dueAt === null || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#perform({ kind: "due" });
      },
      Math.max(1, dueAt - this.#options.now()),
    );
  }
}

function stageMember({ participantId, seat, role, publicKey }: Member): StageMember {
  return {
    participantId,
    seat,
    isHost: role === "host",
    publicKey: publicKey === null ? null : fromBase64Url(publicKey),
  };
}

/** As few requests as the server's limits allow. */
export function batches(messages: readonly SealedOut[]): SealedOut[][] {
  const all: SealedOut[][] = [];
  let length = Infinity;
  for (const message of messages) {
    let batch = all.at(-1);
    if (
      batch === undefined ||
      batch.length >= maxRelayRecipients ||
      length + message.sealed.length > maxRelayedLength
    ) {
      batch = [];
      all.push(batch);
      length = 0;
    }
    batch.push(message);
    length += message.sealed.length;
  }
  return all;
}
