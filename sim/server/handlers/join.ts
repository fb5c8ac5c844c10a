import type { z } from "zod";
import type { JoinAnswer, requests, TokenClaims } from "../../protocol/signalling.ts";
import { requireEntry } from "../entry.ts";
import { RequestError } from "../errors.ts";
import type { MediaTransport } from "../media.ts";
import { hasRight } from "../rights.ts";
import { lookUpApplicant } from "../room-directory.ts";
import type { Room } from "../room.ts";
import type { Session } from "../session.ts";
import { iceServersFor } from "../turn.ts";
import { createTransport, rightFor } from "./media.ts";
import { openRoom } from "./open-room.ts";
import { standing } from "./standing.ts";

type JoinBody = z.output<typeof requests.join.request>;

/** Who comes, with what in hand. */
type Arrival = {
  readonly session: Session;
  readonly room: Room;
  readonly claims: TokenClaims;
  readonly body: JoinBody;
};

export async function join(session: Session, body: JoinBody): Promise<JoinAnswer> {
  if (!session.idle) throw new RequestError("already-joined", "this connection has joined already");
  const { door, events } = session.services;
  try {
    const claims = await door.identify(session.address, body);
    session.stopAwaitingJoin();
    try {
      return await arrive(session, claims, body);
    } catch (error) {
      if (session.connection.isOpen) session.awaitJoin();
      throw error;
    }
  } catch (error) {
    events.joinRefused(error instanceof RequestError ? error.code : "internal");
    throw error;
  }
}

async function arrive(session: Session, claims: TokenClaims, body: JoinBody): Promise<JoinAnswer> {
  const { rooms, directory, wallClock } = session.services;
  const { banned, invited } = await lookUpApplicant(directory, {
    roomId: claims.room,
    participantId: claims.sub,
    nowUnixMs: wallClock.nowUnixMs(),
  });
  const room = await rooms.acquire(claims.room);
  try {
    const role = room.roleFor(claims);
    requireEntry(room.details, {
      role,
      banned: banned || room.banned.has(claims.sub),
      invited: invited || room.invited.has(claims.sub),
      present: room.participants.has(claims.sub),
    });
    const wanted = body.transport;
    if (wanted !== undefined && !hasRight(role, rightFor(wanted.direction))) {
      throw new RequestError("forbidden", `a ${role} has no right to ${rightFor(wanted.direction)}`);
    }
    // Kept from here on, whatever is awaited; a full room refuses before anything is made for the applicant.
    const place = room.reserve(claims);
    const arrival = { session, room, claims, body };
    if (!room.details.opened && !hasRight(role, "open-room")) return wait(arrival, place);
    try {
      return await enter(arrival);
    } finally {
      place.release();
    }
  } finally {
    room.release();
  }
}

/** Into the lobby, with a place kept in the room. */
function wait(arrival: Arrival, place: { release(): void }): JoinAnswer {
  const { session, room, claims } = arrival;
  if (!session.connection.isOpen) {
    place.release();
    throw closed();
  }
  room.hold();
  const giveUp = (): void => {
    place.release();
    room.release();
  };
  const { line } = session;
  const guest = {
    participantId: claims.sub,
    connection: line,
    giveUp,
    letIn: async (): Promise<void> => {
      try {
        line.event("admitted", await enter(arrival));
      } catch (error) {
        session.services.events.joinRefused(error instanceof RequestError ? error.code : "internal");
        line.remove("media-failed");
      } finally {
        giveUp();
      }
    },
  };
  session.wait({ lobby: room.lobby, guest });
  room.lobby.add(guest);
  return {
    participantId: claims.sub,
    roomId: room.id,
    role: room.roleFor(claims),
    seat: null,
    stage: [],
    audience: null,
    audienceSize: 0,
    rtpCapabilities: room.media.capabilities,
    room: room.description,
    waiting: true,
  };
}

async function enter({ session, room, claims, body }: Arrival): Promise<JoinAnswer> {
  const { connection, line, services } = session;
  let transport: MediaTransport | undefined;
  try {
    if (body.transport !== undefined) transport = await createTransport(session, room, body.transport);
    if (!connection.isOpen) throw closed();
    const participant = room.admit({
      claims,
      publicKey: body.publicKey ?? null,
      connection: line,
      resumable: body.resumable ?? false,
    });
    session.enter({ room, participant });
    if (body.speakers === true) room.media.tellSpeakers(participant);
    if (participant.may("open-room")) openRoom(room, services);
    if (transport !== undefined) room.media.attach(participant, transport);
    const answer = {
      ...standing(room, participant),
      ...iceServersFor(services.settings.media.turn, participant.id, services.wallClock.nowUnixMs()),
      ...(participant.resumable ? { resumeToken: services.resumeTokens.issue({ room, participant }) } : {}),
    };
    if (transport === undefined) return answer;
    if (transport.direction === "send") return { ...answer, transport: transport.parameters };
    const streams = await room.media.subscribe(participant, transport, room.media.capabilities);
    return { ...answer, transport: transport.parameters, streams };
  } catch (error) {
    session.leave("disconnected");
    transport?.close();
    throw error;
  }
}

function closed(): RequestError {
  return new RequestError("not-joined", "the connection closed during the join");
}
