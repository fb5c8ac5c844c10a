import type {
  EventBody,
  EventName,
  JoinAnswer,
  Member,
  ResumeAnswer,
  StreamDescription,
} from "../protocol/signalling.ts";
import type { TargetEvents } from "./target.ts";

type Changes = Pick<
  TargetEvents,
  "memberJoined" | "memberLeft" | "memberChanged" | "streamAdded" | "streamRemoved" | "streamPaused"
>;

/** What a participant has been told of its room: who is there, and what comes to it. */
export class RoomView {
  readonly #members = new Map<string, Member>();
  readonly #streams = new Map<string, StreamDescription>();

  constructor({ stage, audience, streams }: Pick<JoinAnswer, "stage" | "audience" | "streams">) {
    for (const member of [...stage, ...(audience ?? [])]) this.#members.set(member.participantId, member);
    this.replaceStreams(streams ?? []);
  }

  /** Everything comes anew. */
  replaceStreams(streams: readonly StreamDescription[]): void {
    this.#streams.clear();
    for (const stream of streams) this.#streams.set(stream.consumerId, stream);
  }

  /** Takes note of an event. */
  note(name: EventName, body: EventBody<EventName>): void {
    if (name === "memberJoined" || name === "memberChanged") {
      const { member } = body as EventBody<"memberJoined">;
      this.#members.set(member.participantId, member);
    } else if (name === "memberLeft") {
      this.#members.delete((body as EventBody<"memberLeft">).participantId);
    } else if (name === "streamAdded") {
      const { stream } = body as EventBody<"streamAdded">;
      this.#streams.set(stream.consumerId, stream);
    } else if (name === "streamRemoved") {
      this.#streams.delete((body as EventBody<"streamRemoved">).consumerId);
    } else if (name === "streamPaused") {
      const { consumerId, paused } = body as EventBody<"streamPaused">;
      const stream = this.#streams.get(consumerId);
      if (stream !== undefined) this.#streams.set(consumerId, { ...stream, paused });
    }
  }

  /** Tells, as the events that were missed would have, what has changed meanwhile: first what is gone. */
  resync(
    { stage, audience, streams }: Pick<ResumeAnswer, "stage" | "audience" | "streams">,
    changes: Changes,
  ): void {
    const there = new Map([...stage, ...(audience ?? [])].map((member) => [member.participantId, member]));
    for (const participantId of this.#members.keys()) {
      if (there.has(participantId)) continue;
      this.#members.delete(participantId);
      changes.memberLeft(participantId);
    }
    for (const member of there.values()) {
      const known = this.#members.get(member.participantId);
      this.#members.set(member.participantId, member);
      if (known === undefined) changes.memberJoined(member);
      else if (!isSame(known, member)) changes.memberChanged(member);
    }
    // Without a subscription any more there are none to compare: media comes anew, and its streams with it.
    if (streams !== undefined) this.#resyncStreams(streams, changes);
  }

  #resyncStreams(streams: readonly StreamDescription[], changes: Changes): void {
    const coming = new Set(streams.map(({ consumerId }) => consumerId));
    for (const consumerId of this.#streams.keys()) {
      if (coming.has(consumerId)) continue;
      this.#streams.delete(consumerId);
      changes.streamRemoved(consumerId);
    }
    for (const stream of streams) {
      const known = this.#streams.get(stream.consumerId);
      this.#streams.set(stream.consumerId, stream);
      if (known === undefined) changes.streamAdded(stream);
      else if (known.paused !== stream.paused) changes.streamPaused(stream.consumerId, stream.paused);
    }
  }
}

function isSame(a: Member, b: Member): boolean {
  return a.role === b.role && a.seat === b.seat && a.publicKey === b.publicKey && a.name === b.name;
}
