import type { z } from "zod";
import type { requests, ResumeAnswer } from "../../protocol/signalling.ts";
import { RequestError } from "../errors.ts";
import type { Session } from "../session.ts";
import { iceServersFor } from "../turn.ts";
import { standing } from "./standing.ts";

/** Takes up the place of a connection that is gone, or is believed to be there still. */
export function resume(
  session: Session,
  { resumeToken }: z.output<typeof requests.resume.request>,
): ResumeAnswer {
  if (!session.idle) throw new RequestError("already-joined", "this connection has joined already");
  const { resumeTokens, events, settings, wallClock } = session.services;
  const place = resumeTokens.take(resumeToken);
  if (place === undefined) {
    events.resumed("cannot-resume");
    throw new RequestError("cannot-resume", "there is no such place any more: join anew");
  }
  const { room, participant } = place;
  session.stopAwaitingJoin();
  session.enter(place);
  participant.connection.connect(session.connection);
  room.setBack(participant);
  events.resumed("ok");
  const { subscription } = participant;
  return {
    ...standing(room, participant),
    ...iceServersFor(settings.media.turn, participant.id, wallClock.nowUnixMs()),
    resumeToken: resumeTokens.issue(place),
    transports: participant.transports.map(({ parameters, direction }) => ({ ...parameters, direction })),
    published: [...participant.streams.values()].map(({ id, paused }) => ({ streamId: id, paused })),
    ...(subscription === undefined
      ? {}
      : {
          streams: [...room.media.streams.values()].flatMap((stream) => subscription.describe(stream) ?? []),
        }),
    handRaised: room.hasHandUp(participant.id),
    stageInvitation: participant.invitedBy ?? null,
  };
}
