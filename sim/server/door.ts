import type { TokenClaims } from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Tickets } from "./tickets.ts";
import type { TokenVerifier } from "./token.ts";

type DoorOptions = {
  tokens: TokenVerifier;
  tickets: Tickets;
  limits: RateLimits;
  /** While the server drains, nobody comes in. */
  draining(): boolean;
};

/** Who comes in is asked here, once: who they are, and whether they come too often. */
export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /**
   * Who somebody at this address is, by the token or the ticket that is shown. Throws
   * RequestError `server-shutdown`, `too-many-requests` or `bad-token`.
   */
  async identify(
    address: string,
    shown: { token?: string | undefined; ticket?: string | undefined },
  ): Promise<TokenClaims> {
    const { tickets, tokens, limits } = this.#options;
    this.requireOpen();
    limits.requireByAddress("join", address);
    const { token = "", ticket } = shown;
    const claims = ticket === undefined ? await tokens.verify(token) : tickets.redeem(ticket);
    limits.requireByAccount("join", claims.sub);
    return claims;
  }

  /** A ticket for who shows a token. Throws RequestError as {@link identify} does. */
  async issueTicket(address: string, token: string): Promise<{ ticket: string; expiresInMs: number }> {
    const { tickets } = this.#options;
    return tickets.issue(await this.identify(address, { token }));
  }

  /** Throws RequestError `server-shutdown` while the server drains. */
  requireOpen(): void {
    if (!this.#options.draining()) return;
    throw new RequestError("server-shutdown", "the server is about to stop and lets nobody in");
  }
}
