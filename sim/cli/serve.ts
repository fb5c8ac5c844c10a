import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { isLoopback } from "../server/addresses.ts";
import { systemWallClock } from "../util/clock.ts";
import { BadInputError } from "../util/errors.ts";
import { parseCount, parsePort, parseSeconds } from "./arguments.ts";
import { serveUntilStopped } from "./service.ts";
import { tokenSecret } from "./token-secret.ts";

type ServeFlags = {
  host: string;
  port: number;
  mediaIp: string;
  mediaPort: number;
  announce?: string;
  workers?: number;
  data?: string;
  tls?: "dev";
  tlsCert?: string;
  tlsKey?: string;
  insecure?: true;
  trustForwardedFor?: true;
  addressLimits: boolean;
  webhook?: string;
  drain: number;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
};

export function serveCommand(root: string): Command {
  return new Command("serve")
    .description("Runs the room server until Ctrl-C.")
    .option("--host <address>", "where to listen for HTTP and signalling", "127.0.0.1")
    .option("--port <port>", "TCP port", parsePort, 7880)
    .option("--media-ip <address>", "address that media is received at and sent from", "127.0.0.1")
    .option("--media-port <port>", "UDP port of the first worker; 0: the system's choice", parsePort, 0)
    .option("--announce <address>", "what clients are told instead of --media-ip, behind address translation")
    .option("--workers <count>", "media workers (default: half the cores, at least one)", parseCount)
    .option(
      "--data <file>",
      "keeps rooms, bans, invitations and the audit log (SQLite); else they end with it",
    )
    .option("--tls-cert <file>", "certificate with its chain, PEM: HTTPS and WSS; needs --tls-key")
    .option("--tls-key <file>", "the certificate's key, PEM")
    .addOption(
      new Option("--tls <kind>", "dev: a certificate for development that vouches for itself")
        .choices(["dev"])
        .conflicts(["tlsCert", "tlsKey"]),
    )
    .option("--insecure", "no TLS beyond loopback: only behind a proxy that ends TLS")
    .option("--trust-forwarded-for", "limits by address go by the last X-Forwarded-For, a proxy's")
    .option(
      "--no-address-limits",
      "no limits by address: for load from one machine, such as signalling-storm's (loopback never has any)",
    )
    .option("--webhook <url>", "where events are sent, signed with SOUNDCHECK_WEBHOOK_SECRET")
    .option(
      "--drain <seconds>",
      "told to stop, lets nobody in and waits so long for those inside to leave",
      parseSeconds,
      0,
    )
    .addOption(
      new Option("--log-level <level>", "what is logged to stderr")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("warn"),
    )
    .addHelpText(
      "after",
      `
Tokens are signed with SOUNDCHECK_TOKEN_SECRET (base64url, 32 bytes or more); on loopback a
development secret is made and kept under .cache. Browsers come in at /, with a link that
\`soundcheck token\` makes. With SOUNDCHECK_ADMIN_TOKEN (32 characters or
more) there is an admin API below /admin; /admin/openapi.json describes it.`,
    )
    .action(async (flags: ServeFlags) => {
      // Loaded only where it is needed: the other commands start in half the time.
      const [{ RoomServer }, { createServerLogger }] = await Promise.all([
        import("../server/server.ts"),
        import("../server/logger.ts"),
      ]);
      const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
      await using server = await RoomServer.create({
        listen: { host: flags.host, port: flags.port },
        media: { ip: flags.mediaIp, port: flags.mediaPort, announcedAddress: flags.announce ?? null },
        ...(flags.workers === undefined ? {} : { workers: flags.workers }),
        tokenSecret: tokenSecret(root, flags.host),
        dataFile: flags.data ?? null,
        tls: await tlsOf(flags, root),
        insecure: flags.insecure ?? false,
        trustForwardedFor: flags.trustForwardedFor ?? false,
        ...(flags.addressLimits ? {} : { limits: { byAddress: { join: null, message: null } } }),
        adminToken: fromEnvironment("SOUNDCHECK_ADMIN_TOKEN") ?? null,
        webhook: webhookOf(flags.webhook),
        webDirectory: join(root, ".cache", "web"),
        version,
        logger: createServerLogger(flags.logLevel),
      });
      await serveUntilStopped(
        server.url,
        `room server ready: ${server.url} (${server.httpUrl}/healthz, /metrics)`,
      );
      if (flags.drain === 0) return;
      // Told once more, it waits no longer.
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void server.drain(0));
      const { participants, left, disconnected, removed, cut } = await server.drain(flags.drain * 1000);
      if (process.send !== undefined) return;
      process.stdout.write(
        `drained ${participants} participants: ${left} left, ${disconnected} lost, ${removed} removed, ${cut} cut\n`,
      );
    });
}

async function tlsOf(flags: ServeFlags, root: string): Promise<{ cert: string; key: string } | null> {
  const { tls, tlsCert, tlsKey, host } = flags;
  if (tls === undefined && tlsCert === undefined && tlsKey === undefined) return null;
  const { developmentTls, loadTls } = await import("../server/tls.ts");
  if (tls === "dev") return developmentTls(join(root, ".cache"), namesOf(host), systemWallClock);
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new BadInputError("bad-tls", "--tls-cert and --tls-key are given together");
  }
  return loadTls(tlsCert, tlsKey, systemWallClock);
}

/** What a server at this host is reached by: where it listens everywhere, any address of this machine. */
function namesOf(host: string): string[] {
  if (isLoopback(host)) return [];
  if (host !== "0.0.0.0" && host !== "::") return [host];
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
}

function webhookOf(url: string | undefined): { url: string; secret: string } | null {
  if (url === undefined) return null;
  const secret = fromEnvironment("SOUNDCHECK_WEBHOOK_SECRET");
  if (secret !== undefined) return { url, secret };
  throw new BadInputError("webhook-secret-missing", "--webhook needs a secret in SOUNDCHECK_WEBHOOK_SECRET", {
    hint: `make one: node -p 'crypto.randomBytes(32).toString("base64url")'`,
  });
}

function fromEnvironment(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}
