import type { EventBody, EventName } from "../protocol/signalling.ts";
import { eventText, type Connection, type RemovalReason } from "./connection.ts";

/**
 * The way to a participant: its connection, or while it is away none. What is told
 * meanwhile is lost, since who comes back is told how things stand; what that cannot
 * say is kept.
 */
export class Line {
  readonly #maxKeptLength: number;
  #connection: Connection | undefined;
  #kept: string[] = [];
  #keptLength = 0;

  /** `maxKeptLength`: of all that is kept while away, in characters. */
  constructor(connection: Connection, maxKeptLength: number) {
    this.#connection = connection;
    this.#maxKeptLength = maxKeptLength;
  }

  event<Name extends EventName>(name: Name, body: EventBody<Name>): void {
    this.tell(eventText(name, body));
  }

  /** Sends an {@link eventText}, if somebody is there. */
  tell(text: string): void {
    this.#connection?.tell(text);
  }

  /** Sends it now or once the participant is back; false where too much waits already. */
  keep(text: string): boolean {
    if (this.#connection !== undefined) {
      this.#connection.tell(text);
      return true;
    }
    if (this.#keptLength + text.length > this.#maxKeptLength) return false;
    this.#kept.push(text);
    this.#keptLength += text.length;
    return true;
  }

  /** The participant is back: what was kept goes out. An earlier connection is closed. */
  connect(connection: Connection): void {
    this.#connection?.close(1000, "resumed");
    this.#connection = connection;
    for (const text of this.#kept) connection.tell(text);
    this.#kept = [];
    this.#keptLength = 0;
  }

  /** The connection has closed; false where it is not, or no longer, this line's. */
  disconnect(connection: Connection): boolean {
    if (this.#connection !== connection) return false;
    this.#connection = undefined;
    return true;
  }

  /** Tells the participant that it is out, and closes. */
  remove(reason: RemovalReason): void {
    this.#connection?.remove(reason);
  }
}
