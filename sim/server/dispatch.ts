import { z } from "zod";
import {
  requestEnvelopeSchema,
  requests,
  type RequestName,
  type ResponseBody,
  type ServerMessage,
} from "../protocol/signalling.ts";
import type { Clock } from "../util/clock.ts";
import { RequestError, wireError } from "./errors.ts";
import { join } from "./handlers/join.ts";
import {
  connectTransport,
  openTransport,
  publish,
  restartIce,
  setMuted,
  subscribe,
  unpublish,
} from "./handlers/media.ts";
import { askToUnmute, ban, kick, muteParticipant, unban } from "./handlers/moderate.ts";
import { relay } from "./handlers/relay.ts";
import { resume } from "./handlers/resume.ts";
import { endRoom, inviteToRoom, listAudience, roomInfo, setRoom } from "./handlers/room.ts";
import {
  acceptStage,
  claimHost,
  declineStage,
  grantModerator,
  handOverHost,
  inviteToStage,
  lowerHand,
  moveToAudience,
  raiseHand,
  revokeModerator,
  stepDown,
} from "./handlers/stage.ts";
import type { Place } from "./resume-tokens.ts";
import type { Session } from "./session.ts";

type Handler<Answer> = (session: Session, body: unknown) => Promise<Answer>;
type Handlers = { readonly [Name in RequestName]: Handler<ResponseBody<Name>> };

/** Every request, its schema and what answers it. */
const handlers: Handlers = {
  join: async (session, body) => join(session, parseBody(requests.join.request, body)),
  resume: async (session, body) => resume(session, parseBody(requests.resume.request, body)),
  openTransport: inRoom(requests.openTransport.request, openTransport),
  connectTransport: inRoom(requests.connectTransport.request, connectTransport),
  subscribe: inRoom(requests.subscribe.request, subscribe),
  publish: inRoom(requests.publish.request, publish),
  unpublish: inRoom(requests.unpublish.request, unpublish),
  setMuted: inRoom(requests.setMuted.request, setMuted),
  restartIce: inRoom(requests.restartIce.request, restartIce),
  relay: inRoom(requests.relay.request, relay),
  ping: async (session, body) => {
    parseBody(requests.ping.request, body);
    if (session.idle) throw new RequestError("not-joined", "join first");
    return {};
  },
  leave: async (session, body) => {
    parseBody(requests.leave.request, body);
    if (session.idle) throw new RequestError("not-joined", "join first");
    session.leave("left");
    session.connection.closeAfterAnswer();
    return {};
  },
  roomInfo: inRoom(requests.roomInfo.request, roomInfo),
  listAudience: inRoom(requests.listAudience.request, listAudience),
  raiseHand: inRoom(requests.raiseHand.request, raiseHand),
  lowerHand: inRoom(requests.lowerHand.request, lowerHand),
  inviteToStage: inRoom(requests.inviteToStage.request, inviteToStage),
  acceptStage: inRoom(requests.acceptStage.request, acceptStage),
  declineStage: inRoom(requests.declineStage.request, declineStage),
  stepDown: inRoom(requests.stepDown.request, stepDown),
  moveToAudience: inRoom(requests.moveToAudience.request, moveToAudience),
  muteParticipant: inRoom(requests.muteParticipant.request, muteParticipant),
  askToUnmute: inRoom(requests.askToUnmute.request, askToUnmute),
  kick: inRoom(requests.kick.request, kick),
  ban: inRoom(requests.ban.request, ban),
  unban: inRoom(requests.unban.request, unban),
  setRoom: inRoom(requests.setRoom.request, setRoom),
  endRoom: inRoom(requests.endRoom.request, endRoom),
  grantModerator: inRoom(requests.grantModerator.request, grantModerator),
  revokeModerator: inRoom(requests.revokeModerator.request, revokeModerator),
  handOverHost: inRoom(requests.handOverHost.request, handOverHost),
  claimHost: inRoom(requests.claimHost.request, claimHost),
  inviteToRoom: inRoom(requests.inviteToRoom.request, inviteToRoom),
};

/** A handler for who has joined. */
function inRoom<Schema extends z.ZodType, Answer>(
  schema: Schema,
  work: (place: Place, body: z.output<Schema>, session: Session) => Answer | Promise<Answer>,
): Handler<Answer> {
  return async (session, body) => {
    const { place } = session;
    return work(place, parseBody(schema, body), session);
  };
}

const maxErrorLength = 500;

function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new RequestError("bad-message", z.prettifyError(parsed.error).slice(0, maxErrorLength));
}

const onlyIdSchema = z.object({ id: requestEnvelopeSchema.shape.id });

function isRequest(name: string): name is RequestName {
  return Object.hasOwn(handlers, name);
}

/** Answers a client's message, as text; undefined stands for a binary one. Never rejects. */
export async function answerMessage(
  session: Session,
  message: string | undefined,
  clock: Clock,
): Promise<string> {
  const { events } = session.services;
  let id: number | null = null;
  let request = "unknown";
  const startedAt = clock.now();
  let answer: ServerMessage;
  try {
    const raw = parseJson(message);
    id = onlyIdSchema.safeParse(raw).data?.id ?? null;
    session.requireAllowance();
    const envelope = parseBody(requestEnvelopeSchema, raw);
    id = envelope.id;
    if (!isRequest(envelope.request)) {
      throw new RequestError(
        "unknown-request",
        `there is no such request; there are ${Object.keys(handlers).join(", ")}`,
      );
    }
    request = envelope.request;
    answer = { id, ok: true, body: await handlers[envelope.request](session, envelope.body) };
  } catch (error) {
    const told = wireError(error);
    if (told.code === "internal") events.serverFault(request, error);
    events.requestFailed(request, told.code);
    answer = { id, ok: false, error: told };
  }
  events.answered(request, (clock.now() - startedAt) / 1000);
  return JSON.stringify(answer);
}

function parseJson(message: string | undefined): unknown {
  if (message === undefined) throw new RequestError("bad-message", "expected text, not bytes");
  try {
    return JSON.parse(message);
  } catch (cause) {
    throw new RequestError("bad-message", "expected JSON", { cause });
  }
}
