import type { Member, Role } from "../protocol/signalling.ts";
import type { MonotonicMs } from "../util/clock.ts";
import { RequestError } from "./errors.ts";
import type { Line } from "./line.ts";
import type { Direction, MediaTransport } from "./media.ts";
import { hasRight, outranks, type Right } from "./rights.ts";
import type { Stream } from "./stream.ts";
import type { Subscription } from "./subscription.ts";

/** Somebody in a room: who it is, the way to it, and its media. */
export class Participant {
  /** Replaced as a whole when role and seat change. */
  member: Member;
  readonly connection: Line;
  /** What it publishes, by stream id. */
  readonly streams = new Map<string, Stream>();
  /** What it hears; undefined until it subscribes. */
  subscription: Subscription | undefined;
  /** Whose invitation to the stage it has not answered; undefined: nobody's. */
  invitedBy: string | undefined;
  /** Its place is kept when the connection drops. */
  readonly resumable: boolean;
  resumeToken: string | undefined;
  /** Without a connection, since then and until the timer ends; undefined while it has one. */
  away: { readonly since: MonotonicMs; readonly timer: NodeJS.Timeout } | undefined;
  readonly #transports = new Map<Direction, MediaTransport>();

  constructor(options: { member: Member; connection: Line; resumable: boolean }) {
    this.member = options.member;
    this.connection = options.connection;
    this.resumable = options.resumable;
    if (options.resumable) this.connection.outlast();
  }

  get id(): string {
    return this.member.participantId;
  }

  get role(): Role {
    return this.member.role;
  }

  get onStage(): boolean {
    return this.member.seat !== null;
  }

  get transports(): MediaTransport[] {
    return [...this.#transports.values()];
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

  /** Throws RequestError `forbidden` unless the role has the right and is above the other's. */
  requireOver(right: Right, other: Participant): void {
    this.require(right);
    if (!outranks(this.role, other.role)) {
      throw new RequestError("forbidden", `a ${this.role} has no right to ${right} over a ${other.role}`);
    }
  }

  /** The one transport of its direction; an earlier one is closed. */
  setTransport(transport: MediaTransport): void {
    this.#transports.get(transport.direction)?.close();
    this.#transports.set(transport.direction, transport);
  }

  /** Throws RequestError `not-found`. */
  transport(id: string): MediaTransport {
    const found = this.transports.find((transport) => transport.id === id);
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

  /** A stream whose media was lost; throws RequestError `not-found` for any other. */
  lostStream(id: string): Stream {
    const stream = this.stream(id);
    if (!stream.closed) throw new RequestError("not-found", "the stream is there: nothing of it was lost");
    return stream;
  }

  /** Forgets a transport that has closed; false if it was replaced before. */
  forgetTransport(transport: MediaTransport): boolean {
    if (this.#transports.get(transport.direction) !== transport) return false;
    return this.#transports.delete(transport.direction);
  }

  closeTransport(direction: Direction): void {
    this.#transports.get(direction)?.close();
  }
}
