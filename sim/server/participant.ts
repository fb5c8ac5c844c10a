import type { Member, Role } from "../protocol/signalling.ts";
import type { Connection } from "./connection.ts";
import { RequestError } from "./errors.ts";
import type { Direction, MediaTransport, Stream, Subscription } from "./media.ts";
import { hasRight, type Right } from "./rights.ts";

/** Somebody in a room: who it is, its connection, and its media. */
export class Participant {
  readonly member: Member;
  readonly connection: Connection;
  /** What it publishes, by stream id. */
  readonly streams = new Map<string, Stream>();
  /** What it hears; undefined until it subscribes. */
  subscription: Subscription | undefined;
  readonly #transports = new Map<Direction, MediaTransport>();

  constructor(member: Member, connection: Connection) {
    this.member = member;
    this.connection = connection;
  }

  get id(): string {
    return this.member.participantId;
  }

  get role(): Role {
    return this.member.role;
  }

  get transportCount(): number {
    return this.#transports.size;
  }

  may(right: Right): boolean {
    return hasRight(this.role, right);
  }

  /** Throws RequestError `forbidden` unless the role has the right. */
  require(right: Right): void {
    if (!this.may(right)) throw new RequestError("forbidden", `a ${this.role} has no right to ${right}`);
  }

  /** The one transport of its direction; an earlier one is closed. */
  setTransport(transport: MediaTransport): void {
    this.#transports.get(transport.direction)?.close();
    this.#transports.set(transport.direction, transport);
  }

  /** Throws RequestError `not-found`. */
  transport(id: string): MediaTransport {
    const found = [...this.#transports.values()].find((transport) => transport.id === id);
    if (found === undefined) throw new RequestError("not-found", "you have no such transport");
    return found;
  }

  /** Throws RequestError `not-found`, or `bad-media` where the transport is for the other direction. */
  transportFor(direction: Direction, id: string): MediaTransport {
    const transport = this.transport(id);
    if (transport.direction !== direction) {
      throw new RequestError(
        "bad-media",
        `the transport is for ${transport.direction}, not for ${direction}`,
      );
    }
    return transport;
  }

  /** Throws RequestError `not-found` for what is not one's own. */
  stream(id: string): Stream {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new RequestError("not-found", "you publish no such stream");
    return stream;
  }

  /** Forgets a transport that has closed; false if it was replaced before. */
  forgetTransport(transport: MediaTransport): boolean {
    if (this.#transports.get(transport.direction) !== transport) return false;
    return this.#transports.delete(transport.direction);
  }

  closeTransports(): void {
    for (const transport of [...this.#transports.values()]) transport.close();
  }
}
