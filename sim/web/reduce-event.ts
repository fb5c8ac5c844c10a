import type { EventBody, Member, Role } from "../protocol/signalling.ts";
import type { AnyEvent } from "./signalling.ts";
import { hostOf, nameOf, placed, withNotice, type State } from "./state.ts";

/** What the server's events change. Those that concern media or keys alone change nothing here. */
export function reduceEvent(state: State, event: AnyEvent): State {
  switch (event.name) {
    case "memberJoined":
      return arrived(state, event.body.member);
    case "memberLeft":
      return departed(state, event.body.participantId);
    case "memberChanged":
      return memberChanged(state, event.body.member);
    case "memberAway":
      return { ...state, away: [...new Set([...state.away, event.body.participantId])] };
    case "memberBack":
      return { ...state, away: without(state.away, event.body.participantId) };
    case "streamAdded": {
      const { streamId, participantId, consumerId, paused } = event.body.stream;
      const others = state.streams.filter((stream) => stream.streamId !== streamId);
      return { ...state, streams: [...others, { streamId, participantId, consumerId, paused }] };
    }
    case "streamRemoved":
      return {
        ...state,
        streams: state.streams.filter(({ consumerId }) => consumerId !== event.body.consumerId),
      };
    case "streamPaused": {
      const { consumerId, paused } = event.body;
      return {
        ...state,
        streams: state.streams.map((stream) =>
          stream.consumerId === consumerId ? { ...stream, paused } : stream,
        ),
      };
    }
    case "speakers": {
      const { dominant, talking } = event.body;
      return {
        ...state,
        dominant,
        talking: Object.fromEntries(
          talking.map(({ participantId, levelDbov }) => [participantId, levelDbov]),
        ),
      };
    }
    case "lobby":
      return state.phase.kind === "lobby"
        ? { ...state, phase: { kind: "lobby", waiting: event.body.waiting } }
        : state;
    case "roomChanged":
      return roomChanged(state, event.body);
    case "roleChanged":
      return roleChanged(state, event.body);
    case "handsChanged":
      return { ...state, hands: event.body.hands };
    case "handLowered":
      return withNotice(
        { ...state, handRaised: false },
        "info",
        `${nameOf(state, event.body.by)} lowered your hand.`,
      );
    case "stageInvitation":
      return { ...state, invitedBy: event.body.by };
    case "stageDeclined":
      return withNotice(
        state,
        "info",
        `${nameOf(state, event.body.participantId)} stays in the audience for now.`,
      );
    case "muted":
      return withNotice(
        { ...state, microphone: state.microphone === "live" ? "muted" : state.microphone },
        "info",
        `${nameOf(state, event.body.by)} muted you.`,
      );
    case "unmuteAsked":
      return { ...state, unmuteAskedBy: event.body.by };
    case "draining": {
      const { deadlineMs } = event.body;
      return withNotice(
        { ...state, drainingMs: deadlineMs },
        "bad",
        `The server is about to stop: the room ends in ${Math.ceil(deadlineMs / 1000)} s.`,
      );
    }
    case "admitted":
    case "mediaRestart":
    case "removed":
    case "sealed":
    case "transportState":
      return state;
  }
}

function arrived(state: State, member: Member): State {
  const known = departed(state, member.participantId, false);
  if (member.seat !== null) {
    const next = { ...known, stage: [...known.stage, member].toSorted(bySeat) };
    return withNotice(next, "info", `${member.name} came to the stage.`);
  }
  const { members, total } = known.audience;
  return { ...known, audience: { members: [...members, member], total: total + 1 } };
}

function departed(state: State, participantId: string, tell = true): State {
  const { members, total } = state.audience;
  const listened = members.some((member) => member.participantId === participantId);
  const next = {
    ...state,
    stage: state.stage.filter((member) => member.participantId !== participantId),
    away: without(state.away, participantId),
    streams: state.streams.filter((stream) => stream.participantId !== participantId),
    audience: listened
      ? {
          members: members.filter((member) => member.participantId !== participantId),
          total: Math.max(0, total - 1),
        }
      : state.audience,
  };
  const gone = state.stage.find((member) => member.participantId === participantId);
  if (!tell || gone === undefined) return next;
  const what = gone.role === "host" ? "The host, " : "";
  return withNotice(next, "info", `${what}${gone.name}${what === "" ? "" : ","} has left.`);
}

function memberChanged(state: State, member: Member): State {
  const { participantId, role, seat } = member;
  const isMe = state.me?.participantId === participantId;
  const before = state.stage.find((one) => one.participantId === participantId);
  const streams =
    seat === null ? state.streams.filter((stream) => stream.participantId !== participantId) : state.streams;
  const others = state.audience.members.filter((one) => one.participantId !== participantId);
  const stage = state.stage.filter((one) => one.participantId !== participantId);
  const moved = Number(before !== undefined) - Number(seat !== null);
  const next: State = {
    ...state,
    streams,
    stage: seat === null ? stage : [...stage, member].toSorted(bySeat),
    audience: {
      members: seat === null ? [...others, member] : others,
      total: Math.max(0, state.audience.total + moved),
    },
  };
  if (isMe) return own(next, role, seat);
  if (before === undefined && seat !== null)
    return withNotice(next, "info", `${member.name} came to the stage.`);
  if (before !== undefined && seat === null)
    return withNotice(next, "info", `${member.name} went to the audience.`);
  return before?.role === role || before === undefined
    ? next
    : withNotice(next, "info", `${member.name} is ${roleNames[role]} now.`);
}

function own(state: State, role: Role, seat: number | null): State {
  const { me } = state;
  if (me === null || (me.role === role && me.seat === seat)) return state;
  return placed(state, role, seat);
}

const roleNames: Readonly<Record<Role, string>> = {
  host: "the host",
  moderator: "a moderator",
  speaker: "a speaker",
  listener: "in the audience",
};

function roleChanged(state: State, { role, seat, by, audience }: EventBody<"roleChanged">): State {
  const changed = own(state, role, seat);
  const next =
    audience === null
      ? changed
      : { ...changed, audience: { members: audience, total: audience.length }, claimant: null };
  const who = by === state.me?.participantId ? "You took over:" : `${nameOf(state, by)} changed your role:`;
  return withNotice(next, "info", `${who} you are ${roleNames[role]} now.`);
}

function roomChanged(state: State, { room }: EventBody<"roomChanged">): State {
  const next = { ...state, room };
  if (state.room === null || state.room.locked === room.locked || hostOf(state) === undefined) return next;
  return withNotice(next, "info", room.locked ? "The room is locked now." : "The room is open again.");
}

function bySeat(one: Member, other: Member): number {
  return (one.seat ?? 0) - (other.seat ?? 0);
}

function without(ids: readonly string[], id: string): string[] {
  return ids.filter((one) => one !== id);
}
