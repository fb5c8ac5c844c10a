import { availableParallelism } from "node:os";
import { z } from "zod";
import { minTokenSecretBytes } from "../protocol/token.ts";
import { BadInputError } from "../util/errors.ts";
import type { Clock } from "../util/clock.ts";
import { isLoopback } from "./addresses.ts";
import type { Logger } from "./logger.ts";
import { outsideOptions } from "./outside-options.ts";
import type { Store } from "./store.ts";

const port = z.number().int().min(0).max(65_535);
const count = z.number().int().min(1);

const optionsSchema = z.strictObject({
  /** Where HTTP and signalling are served. */
  listen: z.strictObject({
    /** Address to bind; 127.0.0.1 by default. */
    host: z.string().min(1).default("127.0.0.1"),
    /** TCP port; 0, the default, leaves the choice to the system. */
    port: port.default(0),
  }),
  media: z.strictObject({
    /** Address that media is received at and sent from; 127.0.0.1 by default. */
    ip: z.union([z.ipv4(), z.ipv6()]).default("127.0.0.1"),
    /** UDP and TCP port of the first worker, the next worker has the next one; 0, the default, leaves the choice of each to the system. */
    port: port.default(0),
    /** What clients are told instead of `ip`, where the server stands behind address translation. Default: none. */
    announcedAddress: z.string().min(1).nullable().default(null),
    /** Streams that a room forwards on one worker before it takes another as well. Default: 2,000. */
    maxConsumersPerRouter: count.default(2000),
    /** Whether a room's media is encrypted (SRTP) on its way between two workers. Default: true. */
    pipeSrtp: z.boolean().default(true),
    /** Only so many streams of a room are forwarded, the loudest; 0, the default: all. */
    maxForwardedStreams: z.number().int().min(0).default(0),
    /** A TURN server (coturn with `use-auth-secret`) that participants are given credentials for. Default: none. */
    turn: z
      .strictObject({
        /** Such as `turn:turn.example:3478?transport=udp` (RFC 7065). */
        urls: z
          .array(z.string().regex(/^turns?:\S+$/, "expected turn: or turns:"))
          .min(1)
          .max(8),
        /** coturn's `static-auth-secret`. */
        secret: z.string().min(16),
        /** How long credentials are good for, in seconds. Default: 3,600. */
        lifetimeSeconds: count.default(3600),
      })
      .nullable()
      .default(null),
  }),
  /** Media workers, each a process that fills at most one core. Default: half the cores, at least one. */
  workers: count.max(256).default(() => Math.max(1, Math.floor(availableParallelism() / 2))),
  /** The secret that tokens are signed with (HS256), at least 32 bytes. */
  tokenSecret: z
    .instanceof(Uint8Array)
    .refine(
      (secret) => secret.length >= minTokenSecretBytes,
      `expected at least ${minTokenSecretBytes} bytes`,
    ),
  /** Stage and audience together; joins beyond are refused with `room-full`. Default: 20,000. */
  maxParticipantsPerRoom: count.default(20_000),
  /** Streams that one participant may publish at a time. Default: 4. */
  maxStreamsPerParticipant: count.default(4),
  /** A connection that has not joined after so long is closed, in milliseconds. Default: 10,000. */
  joinTimeoutMs: count.default(10_000),
  /** A resumable participant whose connection drops keeps its place for so long, in milliseconds. Default: 15,000. */
  resumeGraceMs: count.default(15_000),
  /** The host can be claimed once it has been gone for longer than this, in milliseconds. Default: 30,000. */
  hostGraceMs: count.default(30_000),
  /** Clients are asked for a sign of life so often, in milliseconds, and cut after two without. Default: 10,000. */
  heartbeatMs: count.default(10_000),
  /** A client that lets more than this wait in its socket is cut, in bytes. Default: 1 MiB. */
  maxBufferedBytes: count.default(1024 * 1024),
  ...outsideOptions,
  /** The version that `/healthz` states. Default: unknown. */
  version: z.string().min(1).default("unknown"),
});

/** Options of {@link RoomServer.create}; those with a default may be left out. */
export type RoomServerOptions = z.input<typeof optionsSchema> & {
  /** Default: JSON lines of level `info` to stderr. */
  logger?: Logger | undefined;
  /** Default: the machine's monotonic clock. */
  clock?: Clock | undefined;
  /** What is known of rooms, bans and invitations. Default: a store that ends with the process. */
  store?: Store | undefined;
};

export type ServerSettings = Readonly<z.output<typeof optionsSchema>>;

/** Checks options and fills in defaults, once; throws BadInputError `bad-server-options` or `tls-required`. */
export function resolveSettings(options: z.input<typeof optionsSchema>): ServerSettings {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) {
    throw new BadInputError(
      "bad-server-options",
      `The room server's options do not fit:\n${z.prettifyError(parsed.error)}`,
    );
  }
  const { listen, media, workers, tls, insecure } = parsed.data;
  if (!isLoopback(listen.host) && tls === null && !insecure) {
    throw new BadInputError("tls-required", `listening on ${listen.host}, beyond this machine, needs TLS`, {
      hint: "give a certificate and its key (--tls-cert, --tls-key), or --tls dev; --insecure only behind a proxy that ends TLS",
    });
  }
  if (media.port !== 0 && media.port + workers - 1 > 65_535) {
    throw new BadInputError(
      "bad-server-options",
      `media.port ${media.port} leaves no port for each of ${workers} workers: at most ${65_536 - workers} fits`,
    );
  }
  return Object.freeze(parsed.data);
}
