import { setImmediate } from "node:timers/promises";
import type { types } from "mediasoup";
import type { EventBody, Member, StreamDescription, TokenClaims } from "../protocol/signalling.ts";
import { eventText, type Connection, type RemovalReason } from "./connection.ts";
import { RequestError } from "./errors.ts";
import type { ServerEvents } from "./events.ts";
import { Stream, Subscription, type MediaTransport } from "./media.ts";
import { offeredCapabilities, routerCodecs } from "./media-parameters.ts";
import { Participant } from "./participant.ts";
import { hasRight } from "./rights.ts";
import type { MediaWorker } from "./worker-pool.ts";

/** The KID of a media key has eight bits for the seat, and a seat is never dealt twice. */
export const maxSeats = 256;
/** A new stream goes to so many receivers at a time; the event loop gets its turn in between. */
const deliveryBatch = 32;

type RoomOptions = {
  id: string;
  mediaWorker: MediaWorker;
  maxParticipants: number;
  events: ServerEvents;
  onEnded(room: Room): void;
};

export type Applicant = { claims: TokenClaims; publicKey: string | null; connection: Connection };

/** A room: who is in it, what is on its stage, and who is told of what. It ends when the last has left. */
export class Room {
  readonly id: string;
  readonly router: types.Router;
  readonly mediaWorker: MediaWorker;
  /** What participants are told that they may send and receive. */
  readonly capabilities: types.RtpCapabilities;
  readonly participants = new Map<string, Participant>();
  /** What is on the stage, by stream id. */
  readonly streams = new Map<string, Stream>();
  readonly #options: RoomOptions;
  readonly #dealers = new Set<Participant>();
  #nextSeat = 0;
  #holds = 0;
  #ended = false;

  private constructor(options: RoomOptions, router: types.Router) {
    this.id = options.id;
    this.mediaWorker = options.mediaWorker;
    this.router = router;
    this.capabilities = offeredCapabilities(router.rtpCapabilities);
    this.#options = options;
  }

  static async create(options: RoomOptions): Promise<Room> {
    const { worker, index } = options.mediaWorker;
    const room = new Room(options, await worker.createRouter({ mediaCodecs: routerCodecs }));
    options.events.roomOpened(room.id, index);
    return room;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Everybody on the stage. */
  get stage(): Member[] {
    return this.#members((member) => member.seat !== null);
  }

  get audience(): Member[] {
    return this.#members((member) => member.seat === null);
  }

  /** Keeps the room from ending while somebody is on the way in; each hold is released once. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    this.#endIfEmpty();
  }

  /** Throws RequestError `room-full` if nobody like this can be admitted. */
  requirePlace({ role, sub }: TokenClaims): void {
    const others = this.participants.size - (this.participants.has(sub) ? 1 : 0);
    if (others >= this.#options.maxParticipants) throw new RequestError("room-full", "the room is full");
    if (hasRight(role, "publish") && this.#nextSeat >= maxSeats) {
      throw new RequestError("room-full", `all ${maxSeats} seats of the stage have been dealt`);
    }
  }

  /** Seats a participant and announces it; one of the same id that is still here is replaced. */
  admit({ claims, publicKey, connection }: Applicant): Participant {
    if (this.#ended) throw new RequestError("not-found", "the room has ended");
    this.requirePlace(claims);
    const earlier = this.participants.get(claims.sub);
    if (earlier !== undefined) this.remove(earlier, "replaced");
    const { sub: participantId, name, role } = claims;
    const seat = hasRight(role, "publish") ? this.#nextSeat++ : null;
    const member: Member = { participantId, name, role, seat, publicKey };
    this.#announce(seat !== null, eventText("memberJoined", { member }));
    const participant = new Participant(member, connection);
    this.participants.set(participantId, participant);
    if (participant.may("deal-keys")) this.#dealers.add(participant);
    this.mediaWorker.load++;
    this.#options.events.joined({ room: this.id, participant: participantId, role, seat });
    return participant;
  }

  /** Takes a participant out, with its media, and tells the others. Nothing happens if it is out already. */
  remove(participant: Participant, reason: RemovalReason | "left" | "disconnected"): void {
    if (this.participants.get(participant.id) !== participant) return;
    this.participants.delete(participant.id);
    this.#dealers.delete(participant);
    this.mediaWorker.load--;
    if (reason !== "left" && reason !== "disconnected") participant.connection.remove(reason);
    for (const stream of [...participant.streams.values()]) this.unpublish(participant, stream);
    participant.closeTransports();
    this.#options.events.left({ room: this.id, participant: participant.id, reason });
    const { participantId, seat } = participant.member;
    this.#announce(seat !== null, eventText("memberLeft", { participantId }));
    this.#endIfEmpty();
  }

  /** Makes a transport the participant's own; what goes over it ends with it. */
  attach(participant: Participant, transport: MediaTransport): void {
    participant.setTransport(transport);
    const detach = (): void => {
      participant.forgetTransport(transport);
      if (participant.subscription?.transport === transport) participant.subscription = undefined;
      if (transport.direction !== "send") return;
      // A replaced transport's streams are closed by mediasoup; those of a newer one are not.
      for (const stream of [...participant.streams.values()]) {
        if (stream.closed) this.unpublish(participant, stream);
      }
    };
    if (transport.closed) detach();
    else transport.onClose(detach);
  }

  /** From now on every stage stream but its own goes to the participant; answers with those that are there. */
  async subscribe(
    participant: Participant,
    transport: MediaTransport,
    capabilities: types.RtpCapabilities,
  ): Promise<StreamDescription[]> {
    const subscription = new Subscription(transport, capabilities);
    participant.subscription = subscription;
    const others = [...this.streams.values()].filter((stream) => stream.participantId !== participant.id);
    const descriptions = await Promise.all(others.map((stream) => subscription.add(stream)));
    return descriptions.filter((description) => description !== undefined);
  }

  publish(participant: Participant, producer: types.Producer): Stream {
    const stream = new Stream(participant.id, producer);
    participant.streams.set(stream.id, stream);
    this.streams.set(stream.id, stream);
    this.#options.events.published({ room: this.id, participant: participant.id, stream: stream.id });
    void this.#deliver(stream);
    return stream;
  }

  unpublish(participant: Participant, stream: Stream): void {
    if (!participant.streams.delete(stream.id)) return;
    this.streams.delete(stream.id);
    stream.close();
    this.#options.events.unpublished({ room: this.id, participant: participant.id, stream: stream.id });
    for (const { receiver, subscription, consumerId } of this.#receiversOf(stream)) {
      receiver.connection.event("streamRemoved", { consumerId, streamId: stream.id });
      subscription.drop(stream.id);
    }
  }

  async setPaused(stream: Stream, paused: boolean): Promise<void> {
    await stream.setPaused(paused);
    for (const { receiver, consumerId } of this.#receiversOf(stream)) {
      receiver.connection.event("streamPaused", { consumerId, paused });
    }
  }

  /** Ends the room: everybody is told and out. */
  end(reason: RemovalReason): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const participant of this.participants.values()) {
      participant.connection.remove(reason);
      this.#options.events.left({ room: this.id, participant: participant.id, reason });
    }
    this.mediaWorker.load -= this.participants.size;
    this.participants.clear();
    this.#dealers.clear();
    this.streams.clear();
    this.router.close();
    this.#options.events.roomEnded(this.id, reason);
    this.#options.onEnded(this);
  }

  #members(wanted: (member: Member) => boolean): Member[] {
    return [...this.participants.values()].map(({ member }) => member).filter(wanted);
  }

  /** The stage's comings and goings are for all; the audience's for those who deal keys, since a room has thousands. */
  #announce(ofStage: boolean, text: string): void {
    for (const participant of ofStage ? this.participants.values() : this.#dealers)
      participant.connection.tell(text);
  }

  *#receiversOf(stream: Stream): Generator<{
    receiver: Participant;
    subscription: Subscription;
    consumerId: EventBody<"streamPaused">["consumerId"];
  }> {
    for (const receiver of this.participants.values()) {
      const { subscription } = receiver;
      const consumerId = subscription?.consumerId(stream.id);
      if (subscription !== undefined && consumerId !== undefined)
        yield { receiver, subscription, consumerId };
    }
  }

  async #deliver(stream: Stream): Promise<void> {
    const receivers = [...this.participants.values()].filter(
      ({ id, subscription }) => subscription !== undefined && id !== stream.participantId,
    );
    for (let start = 0; start < receivers.length && !stream.closed; start += deliveryBatch) {
      await Promise.all(
        receivers.slice(start, start + deliveryBatch).map((receiver) => this.#deliverTo(receiver, stream)),
      );
      await setImmediate();
    }
  }

  async #deliverTo(receiver: Participant, stream: Stream): Promise<void> {
    try {
      const description = await receiver.subscription?.add(stream);
      if (description !== undefined) receiver.connection.event("streamAdded", { stream: description });
    } catch (error) {
      if (this.#ended) return;
      this.#options.events.notDelivered(
        { room: this.id, participant: receiver.id, stream: stream.id },
        error,
      );
    }
  }

  #endIfEmpty(): void {
    if (this.participants.size === 0 && this.#holds === 0) this.end("room-ended");
  }
}
