import type { Role, SignallingErrorCode } from "../protocol/signalling.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

type Where = { room: string; participant: string };

export type ServerEvents = ReturnType<typeof createEvents>;

/** What happens in the server, each event with one helper that writes counter and log line together. Helpers never throw. */
export function createEvents({ logger, metrics }: { logger: Logger; metrics: Metrics }) {
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
    },
    roomEnded(room: string, reason: string): void {
      logger.info({ room, reason }, "room ended");
    },
    joined(where: Where & { role: Role; seat: number | null }): void {
      metrics.joins.inc({ outcome: "ok" });
      logger.debug(where, "participant joined");
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
    serverFault(what: string, error: unknown): void {
      logger.error({ what, err: error }, "server fault");
    },
  };
}
