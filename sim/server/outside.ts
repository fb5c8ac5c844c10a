import { randomBytes } from "node:crypto";
import { systemWallClock, type Clock } from "../util/clock.ts";
import { createRandom } from "../util/random.ts";
import { AuditLog } from "./audit-log.ts";
import { eventText } from "./connection.ts";
import { Door } from "./door.ts";
import { Drain } from "./drain.ts";
import type { ServerEvents } from "./events.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { ServerSettings } from "./options.ts";
import { RateLimits } from "./rate-limit.ts";
import type { Rooms } from "./rooms.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";
import { Tickets } from "./tickets.ts";
import type { TokenVerifier } from "./token.ts";
import { Webhooks } from "./webhooks.ts";

type OutsideOptions = {
  settings: ServerSettings;
  store: Store;
  clock: Clock;
  tokens: TokenVerifier;
  events: ServerEvents;
  /** Asked for once the server stands. */
  rooms(): Rooms;
};

export type Outside = ReturnType<typeof createOutside>;

/** The store that the settings speak of. Throws SetupError as {@link openSqliteStore} does. */
export function createStore({ dataFile }: ServerSettings): Store {
  return dataFile === null ? createMemoryStore() : openSqliteStore(dataFile);
}

/** What stands between the rooms and the world: who is let in, who is told, what is written down. */
export function createOutside({ settings, store, clock, tokens, events, rooms }: OutsideOptions) {
  const wallClock = systemWallClock;
  const limits = new RateLimits({
    settings: settings.limits,
    clock,
    onRefused: (act, by) => {
      events.rateLimited(act, by);
    },
  });
  const tickets = new Tickets({
    clock,
    lifetimeMs: settings.ticketLifetimeMs,
    maxOpen: settings.maxOpenTickets,
  });
  const drain = new Drain({
    clock,
    population: () => rooms().participantCount,
    tell: (deadlineMs) => {
      const text = eventText("draining", { deadlineMs });
      for (const room of rooms().live) {
        room.tellAll(text);
        room.lobby.tell(text);
      }
    },
    cut: () => {
      rooms().endAll("server-shutdown");
    },
  });
  const door = new Door({ tokens, tickets, limits, draining: () => drain.on });
  const onFault = (what: string) => (error: unknown) => {
    events.serverFault(what, error);
  };
  const audit = new AuditLog({
    store,
    clock: wallClock,
    onRecorded: (act) => {
      events.moderated(act);
    },
    onFault: onFault("audit"),
  });
  const webhooks =
    settings.webhook === null
      ? undefined
      : new Webhooks({
          settings: settings.webhook,
          store,
          clock: wallClock,
          random: createRandom(randomBytes(16).toString("hex")),
          onOutcome: (outcome, delivery) => {
            events.webhookOutcome(outcome, delivery);
          },
          onFault: onFault("webhooks"),
        });
  return { store, wallClock, limits, tickets, drain, door, audit, webhooks };
}
