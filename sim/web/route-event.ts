import type { EventBody, JoinAnswer, Member } from "../protocol/signalling.ts";
import type { MemberKeys } from "./keys.ts";
import type { RoomMedia } from "./media.ts";
import type { AnyEvent } from "./signalling.ts";
import type { Store } from "./store.ts";

type Destinations = {
  readonly store: Store;
  readonly media: RoomMedia;
  readonly keys: MemberKeys;
  /** Out of the lobby and in the room. */
  admitted(answer: JoinAnswer): Promise<void>;
  removed(reason: EventBody<"removed">["reason"]): void;
  onError(error: unknown): void;
};

/** Brings an event of the server's to media and keys, where it concerns them, and to the state. */
export function routeEvent(event: AnyEvent, to: Destinations): void {
  const { store, media, keys } = to;
  switch (event.name) {
    case "removed":
      to.removed(event.body.reason);
      return;
    case "admitted":
      to.admitted(event.body).catch(to.onError);
      return;
    case "sealed":
      keys.open(event.body.from, event.body.sealed);
      return;
    case "mediaRestart":
      void restart(event.body, to);
      return;
    case "memberJoined":
      keys.memberHere(event.body.member);
      break;
    case "memberLeft":
      keys.memberLeft(event.body.participantId);
      break;
    case "memberChanged":
      memberChanged(event.body.member, to);
      break;
    case "roleChanged":
      keys.placed(event.body.role, event.body.seat, event.body.audience);
      break;
    case "streamAdded":
      media.addStream(event.body.stream);
      break;
    case "streamRemoved":
      media.removeStream(event.body.consumerId);
      break;
    case "muted":
      media.pause();
      break;
    case "draining":
    case "handLowered":
    case "handsChanged":
    case "lobby":
    case "memberAway":
    case "memberBack":
    case "roomChanged":
    case "speakers":
    case "stageDeclined":
    case "stageInvitation":
    case "streamPaused":
    case "transportState":
    case "unmuteAsked":
      break;
  }
  store.dispatch({ type: "event", event });
}

async function restart(
  lost: EventBody<"mediaRestart">,
  { media, store, onError }: Destinations,
): Promise<void> {
  try {
    const streams = await media.restart(lost);
    if (streams !== undefined) store.dispatch({ type: "streams", streams });
  } catch (error) {
    onError(error);
  }
}

function memberChanged(member: Member, { store, keys, media }: Destinations): void {
  if (member.participantId !== store.state.me?.participantId) {
    keys.memberHere(member);
    return;
  }
  keys.placed(member.role, member.seat, null);
  if (member.seat === null) media.stopSending();
}
