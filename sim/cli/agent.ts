import { join } from "node:path";
import { Command } from "commander";
import { parseCount, parsePort } from "./arguments.ts";
import { serveUntilStopped } from "./service.ts";
import { tokenSecret } from "./token-secret.ts";

export function agentCommand(root: string): Command {
  return new Command("agent")
    .description("Runs a fleet agent until Ctrl-C: it hosts the participants that k6's VUs drive.")
    .option("--host <address>", "where k6 reaches it", "127.0.0.1")
    .option("--port <port>", "TCP port", parsePort, 7881)
    .option(
      "--audience-hosts <count>",
      "processes for the audience; several cost more than one a packet",
      parseCount,
      1,
    )
    .addHelpText(
      "after",
      "\nSOUNDCHECK_TOKEN_SECRET must be the room server's; on loopback both find the same development secret.",
    )
    .action(async (flags: { host: string; port: number; audienceHosts: number }) => {
      const { Agent } = await import("../fleet/agent.ts");
      await using agent = await Agent.create({
        listen: { host: flags.host, port: flags.port },
        audienceHosts: flags.audienceHosts,
        tokenSecret: tokenSecret(root, flags.host),
        cacheDirectory: join(root, ".cache", "corpus"),
      });
      await serveUntilStopped(agent.url, `agent ready: ${agent.url} (/healthz, /metrics)`);
    });
}
