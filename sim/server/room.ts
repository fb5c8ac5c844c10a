import type { Hand } from "../protocol/moderation.ts";
import type { RoomChange, RoomDescription, RoomInfo } from "../protocol/room.ts";
import type { Member, Role, TokenClaims } from "../protocol/signalling.ts";
import type { Clock, MonotonicMs } from "../util/clock.ts";
import { Coalesced } from "./_coalesced.ts";
import { eventText, type RemovalReason } from "./connection.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import { Hands } from "./hands.ts";
import type { Line } from "./line.ts";
import { Lobby } from "./lobby.ts";
import type { ServerSettings } from "./options.ts";
import { Participant } from "./participant.ts";
import type { ResumeTokens } from "./resume-tokens.ts";
import { hasRight } from "./rights.ts";
import { RoomDetails } from "./room-details.ts";
import { RoomMedia } from "./room-media.ts";
import { RoomPlaces } from "./room-places.ts";
import type { RoomRecord } from "./store.ts";
import { heirOf } from "./succession.ts";
import type { WorkerPool } from "./worker-pool.ts";

const handsIntervalMs = 100;

type RoomOptions = {
  id: string;
  record: RoomRecord | undefined;
  pool: WorkerPool;
  settings: ServerSettings;
  clock: Clock;
  events: ServerEvents;
  resumeTokens: ResumeTokens;
  onEnded(room: Room): void;
};

export type Applicant = {
  claims: TokenClaims;
  publicKey: string | null;
  connection: Line;
  resumable: boolean;
};

/** A room: who is in it, with which role, and who is told of what. It closes when the last has left. */
export class Room {
  readonly id: string;
  readonly details: RoomDetails;
  readonly media: RoomMedia;
  readonly participants: Map<string, Participant>;
  readonly lobby = new Lobby();
  /** Accounts that were banned or invited while the room is live. */
  readonly banned = new Set<string>();
  readonly invited = new Set<string>();
  readonly #options: RoomOptions;
  readonly #hands = new Hands();
  readonly #handsNews = new Coalesced(handsIntervalMs, () => {
    const text = eventText("handsChanged", { hands: this.hands });
    for (const participant of this.#stage)
      if (participant.may("see-hands")) participant.connection.tell(text);
  });
  /** Roles that were changed here: they outlast their holder's leaving, and go before those of tokens. */
  readonly #roles = new Map<string, Role>();
  /** Of hosts and moderators who have left. */
  readonly #lastRoles = new Map<string, Role>();
  readonly #stage = new Set<Participant>();
  readonly #places: RoomPlaces;
  #host: Participant | undefined;
  #hostGoneAt: MonotonicMs;
  #holds = 0;
  #ended = false;

  private constructor(options: RoomOptions, participants: Map<string, Participant>, media: RoomMedia) {
    this.id = options.id;
    this.details = new RoomDetails(options.id, options.record, options.settings.maxParticipantsPerRoom);
    this.participants = participants;
    this.media = media;
    this.#options = options;
    this.#places = new RoomPlaces(options.settings.maxParticipantsPerRoom, this.details);
    this.#hostGoneAt = options.clock.now();
  }

  /** Rejects when no media worker comes to life in time. */
  static async create(options: RoomOptions): Promise<Room> {
    const { id: roomId, pool, settings, events } = options;
    const participants = new Map<string, Participant>();
    const media = await RoomMedia.create({ roomId, participants, pool, settings: settings.media, events });
    return new Room(options, participants, media);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Everybody on the stage. */
  get stage(): Member[] {
    return [...this.#stage].map(({ member }) => member);
  }

  get audience(): Member[] {
    return [...this.participants.values()].flatMap(({ member }) => (member.seat === null ? [member] : []));
  }

  get audienceSize(): number {
    return this.participants.size - this.#stage.size;
  }

  get hands(): Hand[] {
    return this.#hands.list;
  }

  get host(): Participant | undefined {
    return this.#host;
  }

  /** Who may claim to be host; undefined while there is a host, or it has not been gone for longer than the grace period. */
  get claimant(): string | undefined {
    const { clock, settings } = this.#options;
    if (this.#host !== undefined || clock.now() - this.#hostGoneAt <= settings.hostGraceMs) return undefined;
    const there = [...this.#stage].filter(({ away }) => away === undefined);
    return heirOf(there.map(({ member }) => member))?.participantId;
  }

  get description(): RoomDescription {
    return this.details.describe(this.lobby.size, this.#ended);
  }

  get info(): RoomInfo {
    return {
      ...this.description,
      stageSize: this.#stage.size,
      audienceSize: this.audienceSize,
      waiting: this.lobby.size,
      host: this.#host?.id ?? null,
      claimant: this.claimant ?? null,
    };
  }

  /** Keeps the room from ending while somebody is on the way in; each hold is released once. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    this.#endIfEmpty();
  }

  /** As what somebody with such a token comes in. A room has one host: who comes with another host there is moderator. */
  roleFor({ sub, role }: TokenClaims): Role {
    const held = this.#roles.get(sub) ?? role;
    return held === "host" && this.#host !== undefined && this.#host.id !== sub ? "moderator" : held;
  }

  /** Throws RequestError `not-found`. */
  participant(id: string): Participant {
    const participant = this.participants.get(id);
    if (participant === undefined)
      throw new RequestError("not-found", "there is nobody of this id in the room");
    return participant;
  }

  has(participant: Participant): boolean {
    return this.participants.get(participant.id) === participant;
  }

  /** Keeps a place for somebody on the way in, until it is given back. Throws RequestError `room-ended` or `room-full`. */
  reserve(claims: TokenClaims): { release(): void } {
    if (this.#ended) throw hasEnded();
    return this.#places.reserve(claims.sub, this.roleFor(claims));
  }

  /** Seats a participant who has a place and announces it; one of the same id that is still here is replaced. */
  admit({ claims, publicKey, connection, resumable }: Applicant): Participant {
    const { sub: participantId, name } = claims;
    const role = this.roleFor(claims);
    if (this.banned.has(participantId)) throw new RequestError("banned", "you are banned from this room");
    if (this.#ended) throw hasEnded();
    // The role may have changed since the place was kept.
    this.#places.require(participantId, role);
    const earlier = this.participants.get(participantId);
    if (earlier !== undefined) this.remove(earlier, "replaced");
    const seat = this.#places.take(participantId, role);
    const member: Member = { participantId, name, role, seat, publicKey };
    this.#announce(seat !== null, eventText("memberJoined", { member }));
    const participant = new Participant({ member, connection, resumable });
    this.participants.set(participantId, participant);
    if (seat !== null) this.#stage.add(participant);
    if (role === "host") this.#host = participant;
    this.#options.events.joined({ room: this.id, participant: participantId, role, seat });
    return participant;
  }

  /** Takes a participant out, with its media, and tells the others. Nothing happens if it is out already. */
  remove(participant: Participant, reason: RemovalReason | "left" | "disconnected"): void {
    if (!this.has(participant)) return;
    this.participants.delete(participant.id);
    this.#forget(participant);
    if (reason !== "left" && reason !== "disconnected") participant.connection.remove(reason);
    this.media.leave(participant);
    this.#options.events.left({ room: this.id, participant: participant.id, reason });
    const { participantId, seat } = participant.member;
    if (this.#hands.lower(participantId)) this.#handsNews.ask();
    this.#announce(seat !== null, eventText("memberLeft", { participantId }));
    this.#endIfEmpty();
  }

  /** The connection is gone; the place stays for the grace period. */
  setAway(participant: Participant): void {
    const { clock, settings } = this.#options;
    const timer = setTimeout(() => {
      this.remove(participant, "disconnected");
    }, settings.resumeGraceMs);
    participant.away = { since: clock.now(), timer };
    if (participant.onStage) this.tellAll(eventText("memberAway", { participantId: participant.id }));
  }

  setBack(participant: Participant): void {
    if (participant.away === undefined) return;
    clearTimeout(participant.away.timer);
    participant.away = undefined;
    if (participant.onStage) this.tellAll(eventText("memberBack", { participantId: participant.id }));
  }

  /**
   * Gives a role: from the audience to the stage with a fresh seat, from the stage to the audience with an
   * end to what is published. Throws RequestError `room-full` where the stage has no place.
   */
  changeRole(participant: Participant, role: Role): void {
    const { id, member } = participant;
    if (hasRight(role, "publish") === participant.onStage) {
      participant.member = { ...member, role };
    } else {
      // To the audience there is always a way.
      if (participant.onStage) this.media.stopSending(participant);
      else this.#places.require(id, role);
      const seat = this.#places.take(id, role);
      this.#places.free(id, member.role);
      participant.member = { ...member, role, seat };
    }
    if (participant.onStage) this.#stage.add(participant);
    else this.#stage.delete(participant);
    this.#roles.set(id, role);
    participant.invitedBy = undefined;
    if (this.#host === participant) this.#loseHost(this.#options.clock.now());
    if (role === "host") this.#host = participant;
    this.lowerHand(id);
    this.tellAll(eventText("memberChanged", { member: participant.member }));
  }

  /** The role of somebody who is here, or with which somebody left who is not. */
  rankOf(participantId: string): Role {
    return this.participants.get(participantId)?.role ?? this.#lastRoles.get(participantId) ?? "listener";
  }

  /** Whoever comes back after this comes to the audience. */
  demoteForLater(participantId: string): void {
    this.#roles.set(participantId, "listener");
    this.#lastRoles.delete(participantId);
  }

  raiseHand(participant: Participant): number {
    const isNew = !this.#hands.has(participant.id);
    const position = this.#hands.raise(participant.member);
    if (isNew) this.#handsNews.ask();
    return position;
  }

  /** False where it was not up. */
  lowerHand(participantId: string): boolean {
    if (!this.#hands.lower(participantId)) return false;
    this.#handsNews.ask();
    return true;
  }

  hasHandUp(participantId: string): boolean {
    return this.#hands.has(participantId);
  }

  /** Changes what the room is like, and tells everybody; what is in the directory is not touched. */
  change(change: RoomChange): void {
    this.details.change(change);
    this.#tellDescription();
  }

  /** Lets in those who wait, and from now on everybody; false where it is open already. */
  open(): boolean {
    if (this.details.opened || this.#ended) return false;
    this.details.open();
    this.#tellDescription();
    return true;
  }

  /** Ends the room: everybody is told and out. */
  end(reason: RemovalReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.lobby.removeAll(reason);
    for (const participant of this.participants.values()) {
      this.#forget(participant);
      participant.connection.remove(reason);
      this.#options.events.left({ room: this.id, participant: participant.id, reason });
    }
    this.participants.clear();
    this.#handsNews.cancel();
    this.media.close();
    this.#options.events.roomEnded(this.id, reason);
    this.#options.onEnded(this);
  }

  /** Sends an {@link eventText} to everybody in the room. */
  tellAll(text: string): void {
    for (const participant of this.participants.values()) participant.connection.tell(text);
  }

  #tellDescription(): void {
    const text = eventText("roomChanged", { room: this.description });
    this.tellAll(text);
    this.lobby.tell(text);
  }

  /** The stage's comings and goings are for all; the audience's for who deals keys, since a room has thousands. */
  #announce(ofStage: boolean, text: string): void {
    if (ofStage) this.tellAll(text);
    else for (const one of this.#stage) if (one.may("deal-keys")) one.connection.tell(text);
  }

  #forget(participant: Participant): void {
    clearTimeout(participant.away?.timer);
    this.#options.resumeTokens.revoke(participant);
    this.#stage.delete(participant);
    if (participant.may("kick")) this.#lastRoles.set(participant.id, participant.role);
    this.#places.free(participant.id, participant.role);
    if (this.#host === participant) this.#loseHost(participant.away?.since ?? this.#options.clock.now());
  }

  #loseHost(since: MonotonicMs): void {
    this.#host = undefined;
    this.#hostGoneAt = since;
  }

  #endIfEmpty(): void {
    if (this.participants.size === 0 && this.#holds === 0) this.end("room-ended");
  }
}

function hasEnded(): RequestError {
  return new RequestError("room-ended", "the room has ended");
}
