import type { z } from "zod";
import type { requests, RequestName, ResponseBody } from "../../protocol/signalling.ts";
import { RequestError } from "../errors.ts";
import { clientMedia, type Direction, type MediaTransport } from "../media.ts";
import { negotiateCapabilities, parsePublishedParameters } from "../media-parameters.ts";
import type { Right } from "../rights.ts";
import type { Room } from "../room.ts";
import type { Place } from "../resume-tokens.ts";
import type { Session } from "../session.ts";

type Body<Name extends RequestName> = z.output<(typeof requests)[Name]["request"]>;

const noAnswer = {};

export function rightFor(direction: Direction): Right {
  return direction === "send" ? "publish" : "subscribe";
}

/** A transport in the room for this connection, not yet a participant's. */
export function createTransport(
  session: Session,
  room: Room,
  { direction, dtlsParameters }: Body<"openTransport">,
): Promise<MediaTransport> {
  const { line } = session;
  return room.media.openTransport({
    direction,
    dtlsParameters,
    onState: (state) => {
      line.event("transportState", state);
    },
  });
}

export async function openTransport(
  { room, participant }: Place,
  body: Body<"openTransport">,
  session: Session,
): Promise<ResponseBody<"openTransport">> {
  participant.require(rightFor(body.direction));
  const transport = await createTransport(session, room, body);
  if (!session.joined || !participant.may(rightFor(body.direction))) {
    transport.close();
    throw gone();
  }
  room.media.attach(participant, transport);
  return transport.parameters;
}

export async function connectTransport(
  { participant }: Place,
  { transportId, dtlsParameters }: Body<"connectTransport">,
): Promise<ResponseBody<"connectTransport">> {
  await participant.transport(transportId).connect(dtlsParameters);
  return noAnswer;
}

export async function restartIce(
  { participant }: Place,
  { transportId }: Body<"restartIce">,
): Promise<ResponseBody<"restartIce">> {
  const { webRtc } = participant.transport(transportId);
  return { iceParameters: await clientMedia(() => webRtc.restartIce()) };
}

export async function subscribe(
  { room, participant }: Place,
  { transportId, rtpCapabilities }: Body<"subscribe">,
): Promise<ResponseBody<"subscribe">> {
  participant.require("subscribe");
  const transport = participant.transportFor("receive", transportId);
  if (participant.subscription !== undefined) {
    throw new RequestError("bad-media", "every stage stream comes to you already");
  }
  const capabilities =
    rtpCapabilities === undefined
      ? room.media.capabilities
      : negotiateCapabilities(room.media.capabilities, rtpCapabilities);
  return { streams: await room.media.subscribe(participant, transport, capabilities) };
}

export async function publish(
  { room, participant }: Place,
  body: Body<"publish">,
  session: Session,
): Promise<ResponseBody<"publish">> {
  participant.require("publish");
  const { maxStreamsPerParticipant } = session.services.settings;
  const resumed = body.streamId === undefined ? undefined : participant.lostStream(body.streamId);
  // Streams that were lost and are not gone on with have ended.
  if (resumed === undefined) room.media.dropLost(participant);
  if (resumed === undefined && participant.streams.size >= maxStreamsPerParticipant) {
    throw new RequestError(
      "forbidden",
      `a participant publishes at most ${maxStreamsPerParticipant} streams`,
    );
  }
  const transport = participant.transportFor("send", body.transportId);
  const rtpParameters = parsePublishedParameters(body.rtpParameters);
  const producer = await clientMedia(() =>
    transport.webRtc.produce({ kind: "audio", rtpParameters, paused: body.paused ?? false }),
  );
  if (!session.joined || transport.closed) {
    producer.close();
    throw gone();
  }
  return { streamId: room.media.publish(participant, producer, transport, resumed).id };
}

export function unpublish(
  { room, participant }: Place,
  { streamId }: Body<"unpublish">,
): ResponseBody<"unpublish"> {
  room.media.unpublish(participant, participant.stream(streamId));
  return noAnswer;
}

export async function setMuted(
  { room, participant }: Place,
  { streamId, muted }: Body<"setMuted">,
): Promise<ResponseBody<"setMuted">> {
  await room.media.setPaused(participant.stream(streamId), muted);
  return noAnswer;
}

function gone(): RequestError {
  return new RequestError("not-found", "what this was for is gone");
}
