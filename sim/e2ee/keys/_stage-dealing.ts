import type { MonotonicMs } from "../../util/clock.ts";
import { monotonicMs } from "../../util/clock.ts";
import { groupMessage, secretsForGroup } from "./_group-message.ts";
import type { StageMember } from "./_seats.ts";
import { KeyDistributor } from "./key-distributor.ts";
import type { SealedMessage } from "./key-distributor.ts";
import type { RoomSecret } from "./room-message.ts";
import { noSignatureKey } from "./roster.ts";
import type { StageGroup } from "./stage-group.ts";

/** Joins are collected for so long before their keys are dealt together. */
const welcomeBatchMs = 20;
/** A newcomer can open at most so much of what came before its welcome. */
export const defaultRatchetIntervalMs = 1000;

export type DealingOptions = {
  readonly roomId: string;
  readonly rekeyWindowMs: number;
  /** Default {@link defaultRatchetIntervalMs}. */
  readonly ratchetIntervalMs?: number;
};

/** What the distributor on the stage does, for as long as it is its turn. */
export class StageDealing {
  readonly #group: StageGroup;
  readonly #others: ReadonlyMap<string, StageMember>;
  /** Key packages of who wants to be in the group; taken out as they are used. */
  readonly #offers: Map<string, Uint8Array>;
  /** Whose leaf in the group is of somebody who has left; who comes back meanwhile is another. */
  readonly #gone: Set<string>;
  readonly #distributor: KeyDistributor;
  readonly #selfId: string;
  readonly #joining = new Set<string>();
  /** Who has the predecessor's secret and no pairwise key of ours. */
  readonly #heirs = new Set<string>();
  #toldOf: ReadonlySet<string> = new Set();
  #welcomeDueAt: MonotonicMs | null = null;
  #messages: SealedMessage[] = [];
  #secrets: (RoomSecret & { isStep: boolean })[] = [];
  #roster: Uint8Array | null = null;
  #rekeys = 0;
  #badPublicKeys = 0;

  constructor(
    options: DealingOptions & {
      self: StageMember & { readonly seat: number };
      group: StageGroup;
      others: ReadonlyMap<string, StageMember>;
      offers: Map<string, Uint8Array>;
      gone: Set<string>;
      firstGeneration: number;
      firstSequence: number;
      /** The predecessor's secret, which all who are there have already. */
      inherited: RoomSecret | undefined;
      nowMs: MonotonicMs;
    },
  ) {
    const { self, group, inherited } = options;
    this.#group = group;
    this.#others = options.others;
    this.#offers = options.offers;
    this.#gone = options.gone;
    this.#selfId = self.participantId;
    this.#distributor = new KeyDistributor({
      roomId: options.roomId,
      self: { participantId: self.participantId, seat: self.seat, key: group.key },
      firstGeneration: options.firstGeneration,
      firstSequence: options.firstSequence,
      rekeyWindowMs: options.rekeyWindowMs,
      ratchetIntervalMs: options.ratchetIntervalMs ?? defaultRatchetIntervalMs,
      nowMs: options.nowMs,
      ...(inherited === undefined ? {} : { inherited }),
    });
  }

  get dueAt(): MonotonicMs | null {
    const { rekeyDueAt } = this.#distributor;
    if (this.#welcomeDueAt === null || rekeyDueAt === null) return this.#welcomeDueAt ?? rekeyDueAt;
    return monotonicMs(Math.min(this.#welcomeDueAt, rekeyDueAt));
  }

  get dealtTo(): string[] {
    return [...this.#groupOthers(), ...this.#distributor.members, ...this.#heirs];
  }

  /** Of those, who was not among them when this was last asked. */
  takeNewlyDealtTo(): string[] {
    const { dealtTo } = this;
    const newly = dealtTo.filter((participantId) => !this.#toldOf.has(participantId));
    this.#toldOf = new Set(dealtTo);
    return newly;
  }

  /** Gives the first secret to all who are there. */
  async begin(nowMs: MonotonicMs): Promise<void> {
    this.#secrets.push({ ...this.#distributor.current, isStep: false });
    this.#tellRoster();
    for (const member of this.#others.values()) this.here(member, nowMs);
    await this.#welcome(nowMs);
  }

  /**
   * Goes on with the predecessor's secret. All who are there have it; they get pairwise keys of ours with the
   * next fresh secret, so that nothing is sent while a room empties.
   */
  succeed(nowMs: MonotonicMs): void {
    for (const { participantId, publicKey } of this.#others.values()) {
      if (publicKey !== null && !this.#inGroup(participantId)) this.#heirs.add(participantId);
    }
    // Whoever left, the predecessor may have owed one.
    this.#distributor.owe(nowMs);
    if (this.#offers.size > 0) this.offered(nowMs);
  }

  /** Somebody came, or went from the stage to the audience or back. */
  here({ participantId, publicKey, seat }: StageMember, nowMs: MonotonicMs): void {
    const isServed = this.#inGroup(participantId)
      ? seat !== null
      : this.#heirs.has(participantId) || this.#distributor.has(participantId);
    if (publicKey === null || isServed) return;
    this.#joining.add(participantId);
    this.#welcomeDueAt ??= monotonicMs(nowMs + welcomeBatchMs);
  }

  /** A key package has come. */
  offered(nowMs: MonotonicMs): void {
    this.#welcomeDueAt ??= monotonicMs(nowMs + welcomeBatchMs);
  }

  left(participantId: string, nowMs: MonotonicMs): void {
    this.#joining.delete(participantId);
    if (this.#group.has(participantId) || this.#heirs.delete(participantId)) this.#distributor.owe(nowMs);
    this.#distributor.remove(participantId, nowMs);
  }

  async due(nowMs: MonotonicMs): Promise<void> {
    if (this.#welcomeDueAt !== null && nowMs >= this.#welcomeDueAt) await this.#welcome(nowMs);
    const { rekeyDueAt } = this.#distributor;
    if (rekeyDueAt !== null && nowMs >= rekeyDueAt) await this.#rekey(nowMs);
  }

  /** What has come about since the last time. */
  take(): {
    messages: SealedMessage[];
    secrets: (RoomSecret & { isStep: boolean })[];
    roster: Uint8Array | null;
    rekeys: number;
    badPublicKeys: number;
  } {
    const taken = {
      messages: this.#messages,
      secrets: this.#secrets,
      roster: this.#roster,
      rekeys: this.#rekeys,
      badPublicKeys: this.#badPublicKeys,
    };
    this.#messages = [];
    this.#secrets = [];
    this.#roster = null;
    this.#rekeys = 0;
    this.#badPublicKeys = 0;
    return taken;
  }

  async #welcome(nowMs: MonotonicMs): Promise<void> {
    this.#welcomeDueAt = null;
    const step = this.#distributor.ratchet(nowMs);
    if (step !== null) {
      this.#secrets.push({ ...step, isStep: true });
      // Authenticated: who is brought to an early step by a server shares it with newcomers who come later.
      await this.#tellGroup([step], this.#groupOthers());
      this.#messages.push(...this.#distributor.wrapFor(this.#stageIds(), step));
    }
    const added = await this.#changeGroup();
    if (added.length > 0) {
      const { current } = this.#distributor;
      const spoken = this.#distributor.spoken(nowMs);
      const secrets = spoken.generation === current.generation ? [current] : [current, spoken];
      await this.#tellGroup(secrets, added);
    }
    const before = this.#distributor.memberCount;
    this.#seal(this.#joining, nowMs);
    const cameToStage = [...this.#joining].some((id) => (this.#others.get(id)?.seat ?? null) !== null);
    this.#joining.clear();
    if (added.length > 0 || (cameToStage && this.#distributor.memberCount !== before)) this.#tellRoster();
  }

  #seal(ids: Iterable<string>, nowMs: MonotonicMs): void {
    for (const participantId of ids) {
      const publicKey = this.#others.get(participantId)?.publicKey ?? null;
      if (publicKey === null || this.#inGroup(participantId)) continue;
      const outcome = this.#distributor.welcome({ participantId, publicKey }, nowMs);
      if (outcome.kind === "sealed") this.#messages.push({ to: outcome.to, sealed: outcome.sealed });
      else this.#badPublicKeys++;
    }
  }

  async #rekey(nowMs: MonotonicMs): Promise<void> {
    await this.#changeGroup();
    const { messages, generation, secret } = this.#distributor.rekey(nowMs);
    const group = this.#groupOthers();
    await this.#tellGroup([{ generation, secret }], group);
    this.#messages.push(...messages);
    this.#seal(this.#heirs, nowMs);
    this.#heirs.clear();
    this.#secrets.push({ generation, secret, isStep: false });
    this.#rekeys++;
    this.#tellRoster(group);
  }

  /**
   * Takes into the group who has offered a key package, and out of it who is not on the stage any more or
   * offers another one; those who came in.
   */
  async #changeGroup(): Promise<string[]> {
    const gone = this.#groupOthers().filter((id) => (this.#others.get(id)?.seat ?? null) === null);
    const again = [...this.#offers.keys()].filter((id) => this.#inGroup(id));
    const leaving = [...gone, ...again, ...this.#gone];
    if (leaving.length > 0) {
      const removed = await this.#group.commit([], leaving);
      this.#gone.clear();
      if (removed !== null) this.#toAll(this.#groupOthers(), groupMessage(removed.commit));
    }
    const offers = [...this.#offers];
    this.#offers.clear();
    const added = await this.#add(offers);
    // One that does not hold spoils the commit for all: then each gets its own.
    if (added.length === 0 && offers.length > 1) {
      for (const offer of offers) added.push(...(await this.#add([offer])));
    }
    this.#badPublicKeys += offers.length - added.length;
    return added;
  }

  async #add(
    offers: readonly (readonly [participantId: string, keyPackage: Uint8Array])[],
  ): Promise<string[]> {
    const before = this.#groupOthers();
    const packages = offers.map(([, keyPackage]) => keyPackage);
    const made = await this.#group.commit(packages, []).catch(() => null);
    if (made?.welcome === undefined) return [];
    const added = offers.map(([participantId]) => participantId);
    this.#toAll(before, groupMessage(made.commit));
    this.#toAll(added, groupMessage(made.welcome));
    for (const participantId of added) this.#distributor.release(participantId);
    return added;
  }

  async #tellGroup(secrets: readonly RoomSecret[], to: readonly string[]): Promise<void> {
    if (to.length === 0) return;
    this.#toAll(to, groupMessage(await this.#group.seal(secretsForGroup(secrets))));
  }

  /** The stage is another one, or by default everybody is to know. */
  #tellRoster(to?: readonly string[]): void {
    const keys = new Map(
      this.#group.members.map(({ participantId, signatureKey }) => [participantId, signatureKey]),
    );
    this.#distributor.setStage(
      [...this.#others.values()].flatMap(({ participantId, seat }) =>
        seat === null
          ? []
          : [{ participantId, seat, signatureKey: keys.get(participantId) ?? noSignatureKey }],
      ),
    );
    this.#roster = this.#distributor.roster;
    this.#toAll(to ?? [...this.#groupOthers(), ...this.#distributor.members], this.#roster);
  }

  #toAll(ids: readonly string[], sealed: Uint8Array): void {
    for (const to of ids) this.#messages.push({ to, sealed });
  }

  #groupOthers(): string[] {
    const ids = this.#group.members.map(({ participantId }) => participantId);
    return ids.filter((id) => id !== this.#selfId && !this.#gone.has(id));
  }

  #inGroup(participantId: string): boolean {
    return this.#group.has(participantId) && !this.#gone.has(participantId);
  }

  #stageIds(): string[] {
    return [...this.#others.values()]
      .filter(({ seat, publicKey }) => seat !== null && publicKey !== null)
      .map(({ participantId }) => participantId);
  }
}
