import type { Role, SignallingErrorCode } from "../protocol/signalling.ts";
import type { Logger } from "./logger.ts";
import type { ModerationAct } from "./audit-log.ts";
import type { DrainStatus } from "./drain.ts";
import type { Metrics } from "./metrics.ts";
import type { LimitedAct } from "./rate-limit.ts";
import type { WebhookEvent, WebhookEventName, WebhookOutcome } from "./webhooks.ts";

type Where = { room: string; participant: string };

/** What else is told of events: the drain, and the receiver of webhooks. */
export type EventHooks = {
  arrived(): void;
  gone(how: "left" | "disconnected" | "removed"): void;
  webhook(event: WebhookEvent): void;
};

export type ServerEvents = ReturnType<typeof createEvents>;

/** What happens in the server, each event with one helper that writes counter and log line together. Helpers never throw. */
export function createEvents({
  logger,
  metrics,
  hooks,
}: {
  logger: Logger;
  metrics: Metrics;
  hooks: EventHooks;
}) {
  return {
    listening(at: { host: string; port: number; workers: number }): void {
      logger.info(at, "listening");
    },
    closed(): void {
      logger.info("closed");
    },
    workerStarted(worker: { index: number; pid: number; port: number }): void {
      logger.info(worker, "media worker started");
    },
    workerDied(worker: { index: number; pid: number }, error: Error): void {
      metrics.workerDeaths.inc();
      logger.error({ ...worker, err: error }, "media worker died");
    },
    workerNotRestarted(worker: { index: number }, error: unknown): void {
      logger.error({ ...worker, err: error }, "media worker not restarted, trying again");
    },
    roomOpened(room: string, worker: number): void {
      logger.info({ room, worker }, "room opened");
      hooks.webhook({ event: "room.opened", roomId: room });
    },
    roomEnded(room: string, reason: string): void {
      logger.info({ room, reason }, "room ended");
      hooks.webhook({ event: "room.closed", roomId: room });
    },
    joined(where: Where & { role: Role; seat: number | null }): void {
      metrics.joins.inc({ outcome: "ok" });
      logger.debug(where, "participant joined");
      hooks.arrived();
      hooks.webhook({ event: "participant.joined", roomId: where.room, participantId: where.participant });
    },
    joinRefused(code: SignallingErrorCode): void {
      metrics.joins.inc({ outcome: code });
      logger.info({ code }, "join refused");
    },
    resumed(outcome: "ok" | SignallingErrorCode): void {
      metrics.resumes.inc({ outcome });
    },
    silentClientCut(): void {
      metrics.silentClientsCut.inc();
      logger.info("client cut: it gives no sign of life");
    },
    left(where: Where & { reason: string }): void {
      logger.debug(where, "participant left");
      const { reason } = where;
      hooks.gone(reason === "left" || reason === "disconnected" ? reason : "removed");
      hooks.webhook({ event: "participant.left", roomId: where.room, participantId: where.participant });
    },
    published(where: Where & { stream: string }): void {
      logger.debug(where, "stream published");
    },
    unpublished(where: Where & { stream: string }): void {
      logger.debug(where, "stream unpublished");
    },
    notDelivered(where: Where & { stream: string }, error: unknown): void {
      logger.error({ ...where, err: error }, "stream not delivered to a participant");
    },
    transportLost(where: Where & { transport: string }): void {
      metrics.transportsLost.inc();
      logger.debug(where, "transport lost with its worker");
    },
    iceFailed(transport: string): void {
      metrics.iceFailures.inc();
      logger.info({ transport }, "ICE consent lost");
    },
    dtlsFailed(transport: string): void {
      metrics.dtlsFailures.inc();
      logger.info({ transport }, "DTLS handshake failed");
    },
    relayed(messages: number, bytes: number): void {
      metrics.sealedMessages.inc(messages);
      metrics.sealedBytes.inc(bytes);
    },
    slowClientCut(bufferedBytes: number): void {
      metrics.slowClientsCut.inc();
      logger.warn({ bufferedBytes }, "client cut: it does not read");
    },
    answered(request: string, seconds: number): void {
      metrics.requestSeconds.observe({ request }, seconds);
    },
    requestFailed(request: string, code: SignallingErrorCode): void {
      metrics.requestErrors.inc({ code });
      logger.debug({ request, code }, "request refused");
    },
    moderated({ actorId, act, roomId, targetId = null }: ModerationAct): void {
      metrics.moderationActs.inc({ act });
      logger.info({ act, actor: actorId, room: roomId, target: targetId }, "moderation");
      const event: WebhookEventName =
        act === "room-created" ? "room.created" : act === "room-ended" ? "room.ended" : `moderation.${act}`;
      hooks.webhook({ event, roomId, participantId: targetId, actorId });
    },
    rateLimited(act: LimitedAct, by: "address" | "account"): void {
      metrics.rateLimited.inc({ act, by });
    },
    ticketIssued(): void {
      metrics.ticketsIssued.inc();
    },
    webhookOutcome(outcome: WebhookOutcome, delivery: { deliveryId: string; event: string }): void {
      metrics.webhooks.inc({ outcome });
      const { deliveryId, event } = delivery;
      if (outcome === "dead" || outcome === "overflowed") {
        logger.error({ deliveryId, event, outcome }, "webhook not delivered");
      } else logger.debug({ deliveryId, event, outcome }, "webhook");
    },
    insecure(at: { host: string }): void {
      logger.warn(
        at,
        "serving beyond this machine WITHOUT TLS: whoever is on the way reads and changes all of it",
      );
    },
    draining(deadlineMs: number): void {
      logger.warn({ deadlineMs }, "draining");
    },
    drained(status: DrainStatus): void {
      logger.warn(status, "drained");
    },
    serverFault(what: string, error: unknown): void {
      logger.error({ what, err: error }, "server fault");
    },
  };
}
