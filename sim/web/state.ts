import type { Hand } from "../protocol/moderation.ts";
import type { EventBody, Member, Role } from "../protocol/signalling.ts";
import type { RoomDescription, RoomInfo } from "../protocol/room.ts";
import type { Quality } from "./quality.ts";

/** Why somebody is not in the room any more. */
export type OverReason = EventBody<"removed">["reason"] | "left" | "disconnected";

export type Phase =
  /** Before the door; `problem`: why the last attempt failed, for people. */
  | { readonly kind: "entry"; readonly problem: string | null }
  | { readonly kind: "joining" }
  /** Until the host is there. */
  | { readonly kind: "lobby"; readonly waiting: number }
  | { readonly kind: "room" }
  | { readonly kind: "over"; readonly reason: OverReason };

/** One's own. `failed`: the browser gives us none. */
export type Microphone = "off" | "starting" | "live" | "muted" | "failed";

export type Encryption = {
  /** Of the room's secret; null: no key yet, so nothing is said and nothing is heard. */
  readonly generation: number | null;
  /** The same for all who know the same people on the stage by the same keys; null before that is known. */
  readonly safetyNumber: string | null;
  /** It is our turn to deal the keys. */
  readonly isDealer: boolean;
  /** Somebody is on the stage in our name, with a key that is not ours. */
  readonly isImpersonated: boolean;
  /** Who is given the stage's keys though the server shows nobody of that id there. For a moment that may be. */
  readonly unannounced: readonly string[];
  /** Frames. */
  readonly sealed: number;
  readonly opened: number;
  /** Frames that were not played, by cause. */
  readonly refused: Readonly<Record<string, number>>;
};

export type Notice = { readonly id: number; readonly tone: "info" | "good" | "bad"; readonly text: string };

export type Stream = {
  readonly streamId: string;
  readonly participantId: string;
  readonly consumerId: string;
  readonly paused: boolean;
};

export type Me = {
  readonly participantId: string;
  readonly name: string;
  readonly role: Role;
  readonly seat: number | null;
};

export type State = {
  readonly phase: Phase;
  readonly connection: "online" | "reconnecting";
  readonly me: Me | null;
  readonly room: RoomDescription | null;
  /** In the order of seats. */
  readonly stage: readonly Member[];
  /** Of the stage: those whose connection is lost for now. */
  readonly away: readonly string[];
  /** Of the audience the first page. */
  readonly audience: { readonly members: readonly Member[]; readonly total: number };
  readonly hands: readonly Hand[];
  readonly streams: readonly Stream[];
  /** RFC 6464: decibels below overload, by participant. */
  readonly talking: Readonly<Record<string, number>>;
  /** Has the floor. */
  readonly dominant: string | null;
  /** Whose turn it is to claim host. */
  readonly claimant: string | null;
  readonly handRaised: boolean;
  /** Who has asked us to the stage; null: nobody. */
  readonly invitedBy: string | null;
  /** Who has asked us to unmute; null: nobody. */
  readonly unmuteAskedBy: string | null;
  readonly microphone: Microphone;
  /** Those that we have banned since we came, and may unban. */
  readonly banned: readonly { readonly participantId: string; readonly name: string }[];
  readonly encryption: Encryption;
  readonly quality: Quality | null;
  /** The server stops in so long as of when it was told; null: it does not. */
  readonly drainingMs: number | null;
  readonly notices: readonly Notice[];
  readonly nextNotice: number;
};

export const noEncryption: Encryption = {
  generation: null,
  safetyNumber: null,
  isDealer: false,
  isImpersonated: false,
  unannounced: [],
  sealed: 0,
  opened: 0,
  refused: {},
};

export const initialState: State = {
  phase: { kind: "entry", problem: null },
  connection: "online",
  me: null,
  room: null,
  stage: [],
  away: [],
  audience: { members: [], total: 0 },
  hands: [],
  streams: [],
  talking: {},
  dominant: null,
  claimant: null,
  handRaised: false,
  invitedBy: null,
  unmuteAskedBy: null,
  microphone: "off",
  banned: [],
  encryption: noEncryption,
  quality: null,
  drainingMs: null,
  notices: [],
  nextNotice: 1,
};

/** What a member may be called; who is not known is called by the id. */
export function nameOf(state: State, participantId: string): string {
  if (state.me?.participantId === participantId) return state.me.name;
  const known = [...state.stage, ...state.audience.members, ...state.hands].find(
    (one) => one.participantId === participantId,
  );
  return known?.name ?? participantId;
}

export function hostOf(state: State): Member | undefined {
  return state.stage.find(({ role }) => role === "host");
}

export function onStage(state: State): boolean {
  return state.me !== null && state.me.seat !== null;
}

/** Whether somebody on the stage can be heard: has a stream that is not paused. Of ourselves, whether we speak. */
export function isMuted(state: State, participantId: string): boolean {
  if (state.me?.participantId === participantId) return state.microphone !== "live";
  return !state.streams.some((stream) => stream.participantId === participantId && !stream.paused);
}

/** Who is talking and can be heard, as far as the server has told. */
export function isTalking(state: State, participantId: string): boolean {
  return Object.hasOwn(state.talking, participantId) && !isMuted(state, participantId);
}

export function withNotice(state: State, tone: Notice["tone"], text: string): State {
  const notice = { id: state.nextNotice, tone, text };
  return { ...state, notices: [...state.notices, notice].slice(-4), nextNotice: state.nextNotice + 1 };
}

export type AudiencePage = { readonly members: readonly Member[]; readonly total: number };
export type InfoPart = Pick<RoomInfo, "claimant" | "audienceSize">;

/** We have this role and seat now. */
export function placed(state: State, role: Role, seat: number | null): State {
  const { me } = state;
  if (me === null) return state;
  return {
    ...state,
    me: { ...me, role, seat },
    // Whoever leaves the stage leaves the microphone there.
    microphone: seat === null ? "off" : state.microphone,
    handRaised: seat === null ? state.handRaised : false,
    invitedBy: null,
  };
}
