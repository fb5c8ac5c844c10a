import { z } from "zod";
import { isLoopback } from "./addresses.ts";
import type { Allowance } from "./rate-limit.ts";

const count = z.number().int().min(1);

function allowance(standard: Allowance) {
  return z
    .strictObject({
      /** So many at once. */
      burst: count.max(1_000_000),
      /** And from then on so many a second. */
      perSecond: z.number().positive().max(1_000_000),
    })
    .nullable()
    .default(standard);
}

const limits = z.strictObject({
  /** By address (of an IPv6 address its first 64 bits). Null: no limit. */
  byAddress: z
    .strictObject({
      /** Joins and tickets. Default: 200 at once, 20 a second. */
      join: allowance({ burst: 200, perSecond: 20 }),
      /** Messages, and requests to the admin API. Default: 5,000 at once, 1,000 a second. */
      message: allowance({ burst: 5000, perSecond: 1000 }),
    })
    .prefault({}),
  /** By account, which is a token's subject. Null: no limit. */
  byAccount: z
    .strictObject({
      /** Default: 30 at once, 2 a second. */
      join: allowance({ burst: 30, perSecond: 2 }),
      /** Default: 500 at once, 100 a second. */
      message: allowance({ burst: 500, perSecond: 100 }),
      /** Raising and lowering. Default: 10 at once, 1 in two seconds. */
      hand: allowance({ burst: 10, perSecond: 0.5 }),
    })
    .prefault({}),
  /** Whether those on this machine have no limits by address. Default: true. */
  exemptLoopback: z.boolean().default(true),
  /** Addresses, and accounts, that each limit remembers at most. Default: 100,000. */
  maxKeys: count.default(100_000),
});

const webhook = z.strictObject({
  /** Where events are sent: https, or http on this machine. */
  url: z.string().refine(isWebhookUrl, "expected an https URL, or an http one of this machine"),
  /** What they are signed with. */
  secret: z.string().min(16),
  /** Tries before an event is given up. Default: 10, which with the pauses below takes half an hour to an hour. */
  maxAttempts: count.default(10),
  /** The pause after the first failure at most, in milliseconds; doubles from there. Default: 5,000. */
  firstRetryMs: count.default(5000),
  /** The longest pause, in milliseconds. Default: 900,000. */
  longestRetryMs: count.default(900_000),
  /** A try takes at most so long, in milliseconds. Default: 5,000. */
  timeoutMs: count.default(5000),
  /** Events that may wait; those beyond are dropped and counted. Default: 10,000. */
  maxWaiting: count.default(10_000),
  /** When the server stops, events that are due have so long to go out, in milliseconds. Default: 1,000. */
  closeGraceMs: z.number().int().min(0).default(1000),
});

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname.replaceAll(/[[\]]/g, "")));
}

/** Options of what the server shows to the outside; a part of its options. */
export const outsideOptions = {
  /** The file that rooms, bans, invitations, the audit log and waiting webhooks are kept in (SQLite). Default: none, they end with the process. */
  dataFile: z.string().min(1).nullable().default(null),
  /** Certificate (with its chain) and key, as PEM. Default: none; then `listen.host` must be loopback. */
  tls: z
    .strictObject({ cert: z.string().min(1), key: z.string().min(1) })
    .nullable()
    .default(null),
  /** Serves beyond loopback without TLS: for where a proxy in front ends it. Default: false. */
  insecure: z.boolean().default(false),
  /** A proxy of ours stands in front: who asks is the last entry of its X-Forwarded-For. Default: false. */
  trustForwardedFor: z.boolean().default(false),
  limits: limits.prefault({}),
  /** How long a ticket is good for, in milliseconds. Default: 30,000. */
  ticketLifetimeMs: count.default(30_000),
  /** Tickets that may be open at a time. Default: 100,000. */
  maxOpenTickets: count.default(100_000),
  /** Whoever shows this may use the admin API. Default: none, and there is no admin API. */
  adminToken: z
    .string()
    .regex(/^[\x21-\x7e]{32,}$/, "expected 32 printable characters or more, without spaces")
    .nullable()
    .default(null),
  webhook: webhook.nullable().default(null),
  /** Where the browser client is built; it is served at `/`. Default: none, and there is no page. */
  webDirectory: z.string().min(1).nullable().default(null),
};
