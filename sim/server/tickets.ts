import { randomBytes } from "node:crypto";
import type { TokenClaims } from "../protocol/signalling.ts";
import type { Clock } from "../util/clock.ts";
import { RequestError } from "./errors.ts";

const ticketBytes = 24;

type Issued = { claims: TokenClaims; expiresAtMs: number };

/**
 * Tickets for the WebSocket: random, short-lived, good once. A browser asks for one
 * with its token in a header and shows the ticket in `join`, so that the token
 * itself is not among the messages.
 */
export class Tickets {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #maxOpen: number;
  /** In the order of issue, which is that of expiry. */
  readonly #issued = new Map<string, Issued>();

  constructor(options: { clock: Clock; lifetimeMs: number; maxOpen: number }) {
    this.#clock = options.clock;
    this.#lifetimeMs = options.lifetimeMs;
    this.#maxOpen = options.maxOpen;
  }

  /** How many are issued and neither used nor known to have expired. */
  get open(): number {
    return this.#issued.size;
  }

  /** Throws RequestError `too-many-requests` while `maxOpen` are open. */
  issue(claims: TokenClaims): { ticket: string; expiresInMs: number } {
    this.#forgetExpired();
    if (this.#issued.size >= this.#maxOpen) {
      throw new RequestError("too-many-requests", "too many tickets are open", {
        retryAfterMs: this.#lifetimeMs,
      });
    }
    const ticket = randomBytes(ticketBytes).toString("base64url");
    this.#issued.set(ticket, { claims, expiresAtMs: this.#clock.now() + this.#lifetimeMs });
    return { ticket, expiresInMs: this.#lifetimeMs };
  }

  /** What the token claimed that it was issued for; the ticket is used up. Throws RequestError `bad-token`. */
  redeem(ticket: string): TokenClaims {
    const issued = this.#issued.get(ticket);
    this.#issued.delete(ticket);
    if (issued === undefined) {
      throw new RequestError("bad-token", "there is no such ticket: each is good once, and not for long");
    }
    if (this.#clock.now() >= issued.expiresAtMs) {
      throw new RequestError("bad-token", "the ticket has expired");
    }
    return issued.claims;
  }

  #forgetExpired(): void {
    const nowMs = this.#clock.now();
    for (const [ticket, { expiresAtMs }] of this.#issued) {
      if (expiresAtMs > nowMs) return;
      this.#issued.delete(ticket);
    }
  }
}
