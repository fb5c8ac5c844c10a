/**
 * The keys of somebody on the stage: a member of the stage's group, and the distributor when its turn comes.
 * No timers and no sockets: tasks go in, messages and secrets come out. The caller gives one task at a time.
 */
import { sameBytes } from "../_bytes.ts";
import { monotonicMs } from "../../util/clock.ts";
import type { MonotonicMs } from "../../util/clock.ts";
import { groupMessage, mlsOf, readSecrets } from "./_group-message.ts";
import { dealerOf } from "./_seats.ts";
import type { StageMember } from "./_seats.ts";
import { StageDealing } from "./_stage-dealing.ts";
import type { StageEffects, StageKeysOptions, StageTask } from "./_stage-types.ts";
import type { SealedMessage } from "./key-distributor.ts";
import { KeyMember } from "./key-member.ts";
import type { RoomSecret } from "./room-message.ts";
import { noSignatureKey } from "./roster.ts";
import type { Roster } from "./roster.ts";
import { RoomSecrets } from "./room-secrets.ts";
import { safetyNumber } from "./safety-number.ts";
import { StageGroup } from "./stage-group.ts";

export type { StageMember } from "./_seats.ts";
export type { StageEffects, StageKeysOptions, StageStatus, StageTask } from "./_stage-types.ts";

/** Who hears nothing of a group for so long begins one, if it is the first on the stage. A host alone there begins at once. */
const foundAfterMs = 1500;
/** Who has fallen out of step asks to be added anew this often at most. */
const resyncMs = 1000;

/** Messages of the group's end in a tag or signature of their own, by which one is known again. */
const tailBytes = 32;
const mostRecent = 64;

/** Made before the join, for its public key; {@link begin} comes after it. */
export class StageKeys {
  readonly #member = new KeyMember();
  readonly #secrets = new RoomSecrets();
  readonly #others = new Map<string, StageMember>();
  readonly #offers = new Map<string, Uint8Array>();
  /** Who left the stage and has a leaf in the group still. */
  readonly #gone = new Set<string>();
  #options: StageKeysOptions | undefined;
  #self: StageMember | undefined;
  #group: StageGroup | undefined;
  #dealing: StageDealing | undefined;
  #foundAt: MonotonicMs | null = null;
  #resyncedAt = -Infinity;
  readonly #recent: string[] = [];
  #refused = 0;
  #rekeys = 0;
  #badPublicKeys = 0;
  #messages: SealedMessage[] = [];
  #fresh: (RoomSecret & { isStep: boolean })[] = [];

  /** X25519, raw, 32 bytes: for the join. */
  get publicKey(): Uint8Array {
    return this.#member.publicKey;
  }

  /** We are in the room. */
  async begin(options: StageKeysOptions, nowMs: MonotonicMs): Promise<StageEffects> {
    const { self, roomId } = options;
    this.#options = options;
    this.#self = self;
    this.#group = await StageGroup.create(self.participantId);
    this.#member.joined({ roomId, participantId: self.participantId });
    for (const other of options.others) this.#here(other);
    if (self.seat === null) return this.#effects();
    this.#member.trust.stageMember(self.participantId, self.seat);
    const isAlone = this.#stage().every(({ publicKey }) => publicKey === null);
    if (!isAlone || !self.isHost) await this.#offer(nowMs);
    else await this.#found(options.others.length === 0 ? 0 : options.unknownGeneration, nowMs);
    return this.#effects();
  }

  async perform(task: StageTask, nowMs: MonotonicMs): Promise<StageEffects> {
    switch (task.kind) {
      case "here":
        this.#here(task.member);
        this.#dealing?.here(task.member, nowMs);
        break;
      case "changed":
        await this.#changed(task.member, nowMs);
        break;
      case "left":
        this.#forget(task.participantId);
        this.#others.delete(task.participantId);
        this.#dealing?.left(task.participantId, nowMs);
        await this.#reconsider(nowMs);
        break;
      case "sealed":
        await this.#open(task.from, task.sealed, nowMs);
        break;
      case "due":
        await this.#due(nowMs);
        break;
    }
    return this.#effects();
  }

  #here(member: StageMember): void {
    this.#others.set(member.participantId, member);
    if (member.seat === null) this.#forget(member.participantId);
    else this.#member.trust.stageMember(member.participantId, member.seat);
  }

  /** Not on the stage, or not any more. */
  #forget(participantId: string): void {
    this.#offers.delete(participantId);
    if (this.#group?.has(participantId) === true) this.#gone.add(participantId);
    this.#member.trust.stageMemberLeft(participantId);
  }

  async #changed(member: StageMember, nowMs: MonotonicMs): Promise<void> {
    if (member.participantId === this.#self?.participantId) {
      const wasOnStage = this.#self.seat !== null;
      this.#self = { ...member, publicKey: this.publicKey };
      if (member.seat === null) this.#forget(member.participantId);
      else this.#member.trust.stageMember(member.participantId, member.seat);
      if (member.seat !== null && !wasOnStage) await this.#offer(nowMs);
    } else {
      this.#here(member);
      this.#dealing?.here(member, nowMs);
    }
    await this.#reconsider(nowMs);
  }

  /** The others on the stage. */
  #stage(): StageMember[] {
    return [...this.#others.values()].filter(({ seat }) => seat !== null);
  }

  /** Whose turn it is to deal may have changed. */
  async #reconsider(nowMs: MonotonicMs): Promise<void> {
    const [self, group] = [this.#self, this.#group];
    // Who has no secret yet does not know above which generation to go on.
    if (self === undefined || group?.isMember !== true || this.#secrets.newest < 0) return;
    const able = this.#stage().filter(
      ({ participantId }) => group.has(participantId) && !this.#gone.has(participantId),
    );
    const isOurs = dealerOf([self, ...able]) === self;
    if (isOurs === (this.#dealing !== undefined)) return;
    if (!isOurs) {
      this.#dealing = undefined;
      return;
    }
    // The newest, though for a moment the one before it may be spoken under still.
    const inherited = this.#secrets.held(nowMs).at(-1);
    const dealing = this.#deal(this.#secrets.newest, inherited, nowMs);
    dealing?.succeed(nowMs);
  }

  async #found(firstGeneration: number, nowMs: MonotonicMs): Promise<void> {
    if (this.#options === undefined) return;
    await this.#group?.found(this.#options.roomId);
    await this.#deal(firstGeneration, undefined, nowMs)?.begin(nowMs);
    this.#collect(nowMs);
  }

  #deal(
    firstGeneration: number,
    inherited: RoomSecret | undefined,
    nowMs: MonotonicMs,
  ): StageDealing | undefined {
    const [options, self, group] = [this.#options, this.#self, this.#group];
    if (options === undefined || group === undefined || self === undefined) return undefined;
    if (self.seat === null) return undefined;
    this.#foundAt = null;
    this.#dealing = new StageDealing({
      ...options,
      self: { ...self, seat: self.seat },
      group,
      others: this.#others,
      offers: this.#offers,
      gone: this.#gone,
      firstGeneration,
      firstSequence: Math.max(firstGeneration, (this.#member.trust.roster?.sequence ?? -1) + 1),
      inherited,
      nowMs,
    });
    return this.#dealing;
  }

  /** Asks all on the stage to be added: whoever deals will. */
  async #offer(nowMs: MonotonicMs): Promise<void> {
    const [group, stage] = [this.#group, this.#stage()];
    if (group === undefined) return;
    const sealed = groupMessage(await group.keyPackage());
    for (const { participantId } of stage) this.#messages.push({ to: participantId, sealed });
    if (!group.isMember) this.#foundAt = monotonicMs(nowMs + foundAfterMs);
  }

  async #open(from: string, sealed: Uint8Array, nowMs: MonotonicMs): Promise<void> {
    const mls = mlsOf(sealed);
    if (mls !== null) {
      await this.#process(from, mls, nowMs);
      return;
    }
    const opened = this.#member.open(sealed);
    switch (opened.kind) {
      case "secret":
        this.#foundAt = null;
        this.#take([opened, ...(opened.spoken === null ? [] : [opened.spoken])], nowMs);
        break;
      case "roster":
        break;
      case "refused":
        this.#refused++;
        break;
    }
  }

  async #process(from: string, mls: Uint8Array, nowMs: MonotonicMs): Promise<void> {
    const group = this.#group;
    if (group === undefined || this.#isRepeated(mls)) return;
    const processed = await group.process(mls);
    switch (processed.kind) {
      case "key-package":
        if (StageGroup.ownerOf(mls) !== from || this.#others.get(from)?.seat === null) {
          this.#refused++;
          break;
        }
        this.#offers.set(from, mls);
        this.#dealing?.offered(nowMs);
        break;
      case "joined":
        this.#foundAt = null;
        break;
      case "changed":
        for (const id of this.#gone) if (!group.has(id)) this.#gone.delete(id);
        break;
      case "data": {
        const secrets = readSecrets(processed.data);
        if (secrets === null) this.#refused++;
        else this.#take(secrets, nowMs);
        // Others may have gone while we were on the way in.
        await this.#reconsider(nowMs);
        break;
      }
      case "refused":
        this.#refused++;
        // Who deals never falls out of step; else a commit was missed, or somebody forges.
        if (this.#dealing === undefined && nowMs >= this.#resyncedAt + resyncMs) {
          this.#resyncedAt = nowMs;
          await this.#offer(nowMs);
        }
        break;
    }
  }

  /** Who was away is brought some messages twice. */
  #isRepeated(mls: Uint8Array): boolean {
    const tail = mls.subarray(-tailBytes).toString();
    if (this.#recent.includes(tail)) return true;
    this.#recent.push(tail);
    if (this.#recent.length > mostRecent) this.#recent.shift();
    return false;
  }

  /** The newest first, and perhaps the one that is spoken under still. */
  #take([newest, earlier]: readonly RoomSecret[], nowMs: MonotonicMs): void {
    if (newest === undefined) return;
    const isFirst = this.#secrets.newest < 0;
    const { generation, secret } = newest;
    const followed = this.#secrets.follow(generation, nowMs);
    if (followed !== null) {
      this.#member.learned(generation);
      this.#fresh.push({ generation, secret: followed, isStep: true });
      return;
    }
    if (!this.#secrets.add(generation, secret, nowMs)) return;
    this.#member.learned(generation);
    if (earlier !== undefined && isFirst) {
      this.#secrets.addEarlier(earlier.generation, earlier.secret, nowMs);
      this.#fresh.push({ ...earlier, isStep: true });
    }
    this.#fresh.push({ generation, secret, isStep: false });
  }

  async #due(nowMs: MonotonicMs): Promise<void> {
    this.#secrets.expire(nowMs);
    if (this.#foundAt !== null && nowMs >= this.#foundAt && this.#self !== undefined) {
      const keyed = this.#stage().filter(({ publicKey }) => publicKey !== null);
      if (dealerOf([this.#self, ...keyed]) === this.#self) {
        await this.#found(this.#options?.unknownGeneration ?? 0, nowMs);
      } else await this.#offer(nowMs);
    }
    await this.#dealing?.due(nowMs);
    this.#collect(nowMs);
    // Somebody who has just come into the group may go before us.
    await this.#reconsider(nowMs);
  }

  /** Takes over what the dealing brought forth. */
  #collect(nowMs: MonotonicMs): void {
    const dealing = this.#dealing;
    if (dealing === undefined) return;
    const { messages, secrets, roster, rekeys, badPublicKeys } = dealing.take();
    this.#messages.push(...messages);
    this.#rekeys += rekeys;
    this.#badPublicKeys += badPublicKeys;
    if (roster !== null) this.#member.open(roster);
    for (const { isStep, ...fresh } of secrets) {
      if (isStep) {
        if (this.#secrets.follow(fresh.generation, nowMs) !== null) this.#fresh.push({ ...fresh, isStep });
      } else this.#take([fresh], nowMs);
    }
  }

  #isImpersonated(roster: Roster | undefined): boolean {
    const own = roster?.stage.find(({ participantId }) => participantId === this.#self?.participantId);
    if (own === undefined || this.#group === undefined) return false;
    const { signatureKey } = own;
    return !sameBytes(signatureKey, noSignatureKey) && !sameBytes(signatureKey, this.#group.key.publicKey);
  }

  #effects(): StageEffects {
    const [messages, secrets] = [this.#messages, this.#fresh];
    this.#messages = [];
    this.#fresh = [];
    const { trust } = this.#member;
    const roster = trust.roster;
    const dues = [this.#foundAt, this.#dealing?.dueAt ?? null].filter((due) => due !== null);
    return {
      messages,
      secrets,
      newlyDealtTo: this.#dealing?.takeNewlyDealtTo() ?? [],
      status: {
        dueAt: dues.length === 0 ? null : monotonicMs(Math.min(...dues)),
        isDealer: this.#dealing !== undefined,
        rekeys: this.#rekeys,
        refused: this.#refused,
        unvouched: trust.unvouched,
        badPublicKeys: this.#badPublicKeys,
        dealtTo: this.#dealing?.dealtTo.length ?? 0,
        isImpersonated: this.#isImpersonated(roster),
        differences: trust.differences(),
        safetyNumber:
          roster === undefined || this.#options === undefined
            ? null
            : safetyNumber(this.#options.roomId, roster.stage),
      },
    };
  }
}
