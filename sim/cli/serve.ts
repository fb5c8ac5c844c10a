import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { parseCount, parsePort } from "./arguments.ts";
import { announce, untilStopped } from "./service.ts";
import { tokenSecret } from "./token-secret.ts";

type ServeFlags = {
  host: string;
  port: number;
  mediaIp: string;
  mediaPort: number;
  announce?: string;
  workers?: number;
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
    .addOption(
      new Option("--log-level <level>", "what is logged to stderr")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("warn"),
    )
    .addHelpText(
      "after",
      "\nTokens are signed with SOUNDCHECK_TOKEN_SECRET (base64url, 32 bytes or more); on loopback a\ndevelopment secret is made and kept under .cache.",
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
        version,
        logger: createServerLogger(flags.logLevel),
      });
      announce(server.url, `room server ready: ${server.url} (${server.httpUrl}/healthz, /metrics)`);
      await untilStopped();
    });
}
