import type { EventBody, EventName } from "../protocol/signalling.ts";
import { eventText, type Connection, type RemovalReason } from "./connection.ts";

/** What a line needs of a connection. */
export type LineConnection = Pick<Connection, "tell" | "close" | "remove" | "beatsAsked" | "beatsAnswered">;

type Kept = {
  readonly text: string;
  /** Beats that its connection had asked for before it went out; undefined: it has not gone out. */
  readonly beats: number | undefined;
};

/**
 * The way to a participant: its connection, or while it is away none. What is told
 * meanwhile is lost, since who comes back is told how things stand; what that cannot
 * say is kept.
 */
export class Line {
  readonly #maxKeptLength: number;
  #connection: LineConnection | undefined;
  #outlasts = false;
  #kept: Kept[] = [];
  #keptLength = 0;

  /** `maxKeptLength`: of all that is kept, in characters. */
  constructor(connection: LineConnection, maxKeptLength: number) {
    this.#connection = connection;
    this.#maxKeptLength = maxKeptLength;
  }

  /** The line outlasts its connection: from now on {@link keep} keeps. */
  outlast(): void {
    this.#outlasts = true;
  }

  event<Name extends EventName>(name: Name, body: EventBody<Name>): void {
    this.tell(eventText(name, body));
  }

  /** Sends an {@link eventText}, if somebody is there. */
  tell(text: string): void {
    this.#connection?.tell(text);
  }

  /**
   * Sends an {@link eventText}, and again to a later connection unless the one that it was
   * sent to gave a sign of life afterwards: a network that is gone is noticed late. So it
   * may come twice. False where so much waits for somebody away that this could not be kept.
   */
  keep(text: string): boolean {
    const connection = this.#connection;
    connection?.tell(text);
    if (!this.#outlasts) return true;
    this.#dropArrived();
    this.#kept.push({ text, beats: connection?.beatsAsked });
    this.#keptLength += text.length;
    if (this.#keptLength <= this.#maxKeptLength) return true;
    if (connection === undefined) return false;
    while (this.#keptLength > this.#maxKeptLength) this.#dropOldest();
    return true;
  }

  /** The participant is back: what was kept goes out. An earlier connection is closed. */
  connect(connection: LineConnection): void {
    this.#dropArrived();
    this.#connection?.close(1000, "resumed");
    this.#connection = connection;
    this.#kept = this.#kept.map(({ text }) => ({ text, beats: connection.beatsAsked }));
    for (const { text } of this.#kept) connection.tell(text);
  }

  /** The connection has closed; false where it is not, or no longer, this line's. */
  disconnect(connection: LineConnection): boolean {
    if (this.#connection !== connection) return false;
    this.#dropArrived();
    this.#connection = undefined;
    return true;
  }

  /** Tells the participant that it is out, and closes. */
  remove(reason: RemovalReason): void {
    this.#connection?.remove(reason);
  }

  /** A beat that was asked for after something was sent, and is answered, came after it. */
  #dropArrived(): void {
    const answered = this.#connection?.beatsAnswered ?? 0;
    for (
      let oldest = this.#kept[0];
      oldest?.beats !== undefined && oldest.beats < answered;
      oldest = this.#kept[0]
    )
      this.#dropOldest();
  }

  #dropOldest(): void {
    this.#keptLength -= this.#kept.shift()?.text.length ?? 0;
  }
}
