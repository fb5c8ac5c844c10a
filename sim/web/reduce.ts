import type { JoinAnswer, Member, ResumeAnswer, Role, StreamDescription } from "../protocol/signalling.ts";
import type { Quality } from "./quality.ts";
import { reduceEvent } from "./reduce-event.ts";
import type { AnyEvent } from "./signalling.ts";
import {
  initialState,
  withNotice,
  type AudiencePage,
  type Encryption,
  type InfoPart,
  type Microphone,
  type Notice,
  type OverReason,
  type State,
  placed,
} from "./state.ts";

export type Action =
  | { readonly type: "join-begun" }
  | { readonly type: "join-failed"; readonly problem: string }
  | { readonly type: "joined"; readonly answer: JoinAnswer; readonly name: string }
  | { readonly type: "resumed"; readonly answer: ResumeAnswer }
  | { readonly type: "connection-lost" }
  | { readonly type: "over"; readonly reason: OverReason }
  | { readonly type: "event"; readonly event: AnyEvent }
  | { readonly type: "placed"; readonly role: Role; readonly seat: number | null }
  | { readonly type: "streams"; readonly streams: readonly StreamDescription[] }
  | { readonly type: "audience"; readonly page: AudiencePage }
  | { readonly type: "info"; readonly info: InfoPart }
  | { readonly type: "microphone"; readonly microphone: Microphone }
  | { readonly type: "hand"; readonly raised: boolean }
  | { readonly type: "invitation-answered" }
  | { readonly type: "unmute-answered" }
  | { readonly type: "banned"; readonly participantId: string; readonly name: string }
  | { readonly type: "unbanned"; readonly participantId: string }
  | { readonly type: "encryption"; readonly encryption: Partial<Encryption> }
  | { readonly type: "quality"; readonly quality: Quality | null }
  | { readonly type: "notice"; readonly tone: Notice["tone"]; readonly text: string }
  | { readonly type: "notice-gone"; readonly id: number };

/** All that the page shows follows from what happened, by this and nothing else. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "join-begun":
      return { ...initialState, nextNotice: state.nextNotice, phase: { kind: "joining" } };
    case "join-failed":
      return { ...state, phase: { kind: "entry", problem: action.problem }, connection: "online" };
    case "joined":
      return joined(state, action.answer, action.name);
    case "resumed":
      return resumed(state, action.answer);
    case "connection-lost":
      return { ...state, connection: "reconnecting", talking: {} };
    case "over":
      return over(state, action.reason);
    case "event":
      return reduceEvent(state, action.event);
    case "placed":
      return placed(state, action.role, action.seat);
    case "streams":
      return { ...state, streams: action.streams.map(streamOf) };
    case "audience":
      return { ...state, audience: action.page };
    case "info":
      return {
        ...state,
        claimant: action.info.claimant,
        audience: { ...state.audience, total: action.info.audienceSize },
      };
    case "microphone":
      return {
        ...state,
        microphone: action.microphone,
        unmuteAskedBy: action.microphone === "live" ? null : state.unmuteAskedBy,
      };
    case "hand":
      return { ...state, handRaised: action.raised };
    case "invitation-answered":
      return { ...state, invitedBy: null };
    case "unmute-answered":
      return { ...state, unmuteAskedBy: null };
    case "banned": {
      const { participantId, name } = action;
      const others = state.banned.filter((one) => one.participantId !== participantId);
      return { ...state, banned: [...others, { participantId, name }] };
    }
    case "unbanned":
      return {
        ...state,
        banned: state.banned.filter(({ participantId }) => participantId !== action.participantId),
      };
    case "encryption":
      return { ...state, encryption: { ...state.encryption, ...action.encryption } };
    case "quality":
      return { ...state, quality: action.quality };
    case "notice":
      return withNotice(state, action.tone, action.text);
    case "notice-gone":
      return { ...state, notices: state.notices.filter(({ id }) => id !== action.id) };
  }
}

/** A description as the state keeps it. */
function streamOf({
  streamId,
  participantId,
  consumerId,
  paused,
}: StreamDescription): State["streams"][number] {
  return { streamId, participantId, consumerId, paused };
}

function joined(state: State, answer: JoinAnswer, name: string): State {
  const { participantId, role, seat } = answer;
  const known = {
    ...state,
    me: { participantId, name, role, seat },
    room: answer.room ?? null,
    connection: "online" as const,
  };
  if (answer.waiting === true) return { ...known, phase: { kind: "lobby", waiting: 1 } };
  return { ...known, ...standing(answer), phase: { kind: "room" } };
}

function resumed(state: State, answer: ResumeAnswer): State {
  const { me } = state;
  if (me === null) return state;
  const here = placed(state, answer.role, answer.seat);
  return {
    ...here,
    ...standing(answer),
    connection: "online",
    room: answer.room ?? state.room,
    handRaised: answer.handRaised,
    invitedBy: answer.stageInvitation,
  };
}

function standing({
  stage,
  audience,
  audienceSize,
  hands = [],
}: Pick<JoinAnswer, "stage" | "audience" | "audienceSize" | "hands">): Pick<
  State,
  "stage" | "away" | "audience" | "hands"
> {
  return {
    stage: bySeat(stage),
    away: [],
    audience: { members: audience ?? [], total: audienceSize },
    hands,
  };
}

function bySeat(stage: readonly Member[]): Member[] {
  return stage.toSorted((one, other) => (one.seat ?? 0) - (other.seat ?? 0));
}

function over(state: State, reason: OverReason): State {
  return {
    ...initialState,
    nextNotice: state.nextNotice,
    me: state.me,
    room: state.room,
    phase: { kind: "over", reason },
  };
}
