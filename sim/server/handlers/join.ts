import type { z } from "zod";
import type { requests, ResponseBody, TokenClaims } from "../../protocol/signalling.ts";
import { RequestError } from "../errors.ts";
import type { MediaTransport } from "../media.ts";
import { hasRight } from "../rights.ts";
import type { Room } from "../room.ts";
import type { Session } from "../session.ts";
import { createTransport, rightFor } from "./media.ts";

type JoinBody = z.output<typeof requests.join.request>;

export async function join(session: Session, body: JoinBody): Promise<ResponseBody<"join">> {
  if (session.joined) throw new RequestError("already-joined", "this connection has joined already");
  const { tokens, rooms, events } = session.services;
  try {
    const claims = await tokens.verify(body.token);
    const wanted = body.transport;
    if (wanted !== undefined && !hasRight(claims.role, rightFor(wanted.direction))) {
      throw new RequestError("forbidden", `a ${claims.role} has no right to ${rightFor(wanted.direction)}`);
    }
    session.stopAwaitingJoin();
    try {
      const room = await rooms.acquire(claims.room);
      try {
        return await enter(session, room, claims, body);
      } finally {
        room.release();
      }
    } catch (error) {
      if (session.connection.isOpen) session.awaitJoin();
      throw error;
    }
  } catch (error) {
    events.joinRefused(error instanceof RequestError ? error.code : "internal");
    throw error;
  }
}

async function enter(
  session: Session,
  room: Room,
  claims: TokenClaims,
  body: JoinBody,
): Promise<ResponseBody<"join">> {
  const { connection } = session;
  // A full room refuses before anything is made for the applicant.
  room.requirePlace(claims);
  let transport: MediaTransport | undefined;
  try {
    if (body.transport !== undefined) transport = await createTransport(session, room, body.transport);
    if (!connection.isOpen) throw new RequestError("not-joined", "the connection closed during the join");
    const participant = room.admit({ claims, publicKey: body.publicKey ?? null, connection });
    session.enter({ room, participant });
    if (transport !== undefined) room.attach(participant, transport);
    const { stage, audience, capabilities } = room;
    const { role, seat } = participant.member;
    const answer = {
      participantId: participant.id,
      roomId: room.id,
      role,
      seat,
      stage,
      audience: participant.may("deal-keys") ? audience : null,
      audienceSize: audience.length,
      rtpCapabilities: capabilities,
    };
    if (transport === undefined) return answer;
    if (transport.direction === "send") return { ...answer, transport: transport.parameters };
    const streams = await room.subscribe(participant, transport, capabilities);
    return { ...answer, transport: transport.parameters, streams };
  } catch (error) {
    session.leave("disconnected");
    transport?.close();
    throw error;
  }
}
