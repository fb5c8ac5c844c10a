/** Entry of a host process. An agent forks it; it lives no longer than its agent. */
import { createSoundcheckTarget } from "../participant/soundcheck-target.ts";
import { fromBase64Url } from "../util/bytes.ts";
import { systemClock } from "../util/clock.ts";
import { SoundcheckError } from "../util/errors.ts";
import { AudienceHost } from "./audience-host.ts";
import type { FromHost, HostProgress, ToHost } from "./host-messages.ts";
import { StageHost } from "./stage-host.ts";
import { loadMaterial, StageSounds } from "./stage-sounds.ts";
import { VuServer } from "./vu-server.ts";

const progressPeriodMs = 500;

function tell(message: FromHost): void {
  // Fails only when the agent is gone, and then we go too.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function start(message: Extract<ToHost, { type: "start" }>): Promise<{
  host: StageHost | AudienceHost;
  server: VuServer;
  progressTimer: NodeJS.Timeout;
}> {
  const { plan, kind } = message;
  const target = createSoundcheckTarget({
    url: plan.target.url,
    room: plan.room,
    tokenSecret: fromBase64Url(message.tokenSecret),
  });
  const host =
    kind === "audience"
      ? new AudienceHost({ start: message, target, clock: systemClock })
      : new StageHost({
          start: message,
          target,
          clock: systemClock,
          sounds: new StageSounds(plan, await loadMaterial(plan, message.cacheDirectory)),
          onSent: (batches) => {
            tell({ type: "sent", batches });
          },
        });
  const server = await VuServer.listen({
    host: message.listenHost,
    runId: plan.runId,
    kind,
    seat: (index, send) => host.seat(index, send),
  });
  const progressTimer = setInterval(() => {
    tell({ type: "progress", progress: host.progress() satisfies HostProgress });
  }, progressPeriodMs);
  return { host, server, progressTimer };
}

let started: ReturnType<typeof start> | undefined;

process.on("message", (message: ToHost) => {
  switch (message.type) {
    case "start":
      started = start(message);
      started.then(
        ({ server }) => {
          tell({ type: "listening", url: server.url });
        },
        (error: unknown) => {
          const code = error instanceof SoundcheckError ? error.code : "host-failed";
          const hint = error instanceof SoundcheckError ? error.hint : undefined;
          tell({
            type: "failed",
            code,
            message: String(error instanceof Error ? error.message : error),
            hint,
          });
        },
      );
      break;
    case "sent":
      void started?.then(({ host }) => {
        if (host instanceof AudienceHost) host.recordSent(message.batches);
      });
      break;
    case "end":
      void started?.then(async ({ host, server, progressTimer }) => {
        clearInterval(progressTimer);
        const report = await host.end();
        server.close();
        tell({ type: "report", report });
      });
      break;
  }
});

// Ctrl-C reaches the whole process group: it is for the run to end us in good order.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("disconnect", () => {
  // Nobody is left to report to. node-datachannel's threads would keep the process alive.
  process.exit(0);
});
