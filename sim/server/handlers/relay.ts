import type { z } from "zod";
import { maxSealedBytes, type requests, type ResponseBody } from "../../protocol/signalling.ts";
import { eventText } from "../connection.ts";
import { RequestError } from "../errors.ts";
import type { Participant } from "../participant.ts";
import type { Place } from "../resume-tokens.ts";
import type { Session } from "../session.ts";

type RelayBody = z.output<typeof requests.relay.request>;

/**
 * Carries sealed bytes between members: from anyone to those who deal keys, from those
 * to anyone. One message that may not go makes that none goes.
 */
export function relay(
  { room, participant }: Place,
  { messages }: RelayBody,
  session: Session,
): ResponseBody<"relay"> {
  const missing: string[] = [];
  const deliveries: { receiver: Participant; sealed: string }[] = [];
  let bytes = 0;
  for (const { to, sealed } of messages) {
    const receiver = room.participants.get(to);
    if (receiver === undefined) {
      missing.push(to);
      continue;
    }
    if (!participant.may("deal-keys") && !receiver.may("deal-keys")) {
      throw new RequestError(
        "forbidden",
        `a ${participant.role} sends sealed bytes only to those who deal keys`,
      );
    }
    const length = base64Bytes(sealed);
    if (length > maxSealedBytes) {
      throw new RequestError(
        "bad-message",
        `a sealed message has at most ${maxSealedBytes} bytes, this has ${length}`,
      );
    }
    deliveries.push({ receiver, sealed });
    bytes += length;
  }
  for (const { receiver, sealed } of deliveries) {
    const kept = receiver.connection.keep(eventText("sealed", { from: participant.id, sealed }));
    // Away, and more has come for it than it could be given: it would come back without its keys.
    if (!kept) room.remove(receiver, "disconnected");
  }
  session.services.events.relayed(deliveries.length, bytes);
  return { missing };
}

/** How many bytes an unpadded base64 text stands for. */
function base64Bytes(text: string): number {
  return Math.floor((text.length * 3) / 4);
}
