import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { WallClock } from "../util/clock.ts";
import type { Random } from "../util/random.ts";
import { auditActs, type Delivery, type Store } from "./store.ts";

/** Sent at a time, to one receiver. */
const batchSize = 8;
const longestTimerMs = 60_000;

const moderationEvents = auditActs.map((act) => `moderation.${act}` as const);
/**
 * `room.created` and `room.ended`: a room was defined, and ended for good. `room.opened`
 * and `room.closed`: somebody is in it, and nobody any more.
 */
export const webhookEvents = [
  "room.created",
  "room.ended",
  "room.opened",
  "room.closed",
  "participant.joined",
  "participant.left",
  ...moderationEvents,
] as const;
export type WebhookEventName = (typeof webhookEvents)[number];

/** A webhook's body: ids, and nothing else about a person. */
export const webhookBodySchema = z.strictObject({
  /** The same for every try of one delivery. */
  deliveryId: z.uuid(),
  event: z.enum(webhookEvents),
  atUnixMs: z.int(),
  roomId: z.string().nullable(),
  /** Whom it happened to. */
  participantId: z.string().nullable(),
  /** Who did it; null: nobody, or the admin API. */
  actorId: z.string().nullable(),
});

export type WebhookEvent = {
  event: WebhookEventName;
  roomId: string | null;
  participantId?: string | null;
  actorId?: string | null;
};

/** `delivered`; `retried`: failed, and to be tried again; `dead`: given up; `overflowed`: never taken, since too many wait. */
export type WebhookOutcome = "delivered" | "retried" | "dead" | "overflowed";

export type WebhookSettings = {
  readonly url: string;
  readonly secret: string;
  readonly maxAttempts: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  readonly timeoutMs: number;
  readonly maxWaiting: number;
  readonly closeGraceMs: number;
};

type WebhookOptions = {
  settings: WebhookSettings;
  store: Store;
  clock: WallClock;
  random: Random;
  onOutcome(outcome: WebhookOutcome, delivery: { deliveryId: string; event: string }): void;
  onFault(error: unknown): void;
};

/**
 * Tells one receiver of what happens, each event at least once and in no certain
 * order. What waits is in the store, so that it outlives a restart where the store does.
 */
export class Webhooks implements AsyncDisposable {
  readonly #options: WebhookOptions;
  readonly #stop = new AbortController();
  #pumping: Promise<void> | undefined;
  #again = false;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#wake();
  }

  /** Takes an event for delivery. Never throws, never waits. */
  emit({ event, roomId, participantId = null, actorId = null }: WebhookEvent): void {
    if (this.#closing) return;
    const { settings, store, clock, onOutcome, onFault } = this.#options;
    const atUnixMs = clock.nowUnixMs();
    const deliveryId = randomUUID();
    const body: z.input<typeof webhookBodySchema> = {
      deliveryId,
      event,
      atUnixMs,
      roomId,
      participantId,
      actorId,
    };
    const delivery: Delivery = {
      deliveryId,
      event,
      body: JSON.stringify(body),
      createdAtUnixMs: atUnixMs,
      attempts: 0,
      nextAttemptUnixMs: atUnixMs,
    };
    store.addDelivery(delivery, settings.maxWaiting).then((taken) => {
      if (taken) this.#wake();
      else onOutcome("overflowed", delivery);
    }, onFault);
  }

  /** Takes no more, gives what is due a moment to go out, and ends; what waits stays in the store. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.race([
      this.#pumping,
      delay(this.#options.settings.closeGraceMs, undefined, { ref: false }),
    ]);
    this.#again = false;
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#pumping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#again = true;
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
      if (this.#again) this.#wake();
    });
  }

  async #pump(): Promise<void> {
    const { store, clock, onFault } = this.#options;
    let waitMs: number | undefined;
    try {
      while (this.#again && !this.#stop.signal.aborted) {
        this.#again = false;
        await this.#deliverDue();
      }
      const nextUnixMs = await store.nextDeliveryUnixMs();
      if (nextUnixMs !== undefined) waitMs = nextUnixMs - clock.nowUnixMs();
    } catch (error) {
      onFault(error);
      waitMs = longestTimerMs;
    }
    clearTimeout(this.#timer);
    if (waitMs === undefined || this.#stop.signal.aborted) return;
    this.#timer = setTimeout(
      () => {
        this.#wake();
      },
      Math.min(Math.max(waitMs, 1), longestTimerMs),
    ).unref();
  }

  async #deliverDue(): Promise<void> {
    const { store, clock } = this.#options;
    for (;;) {
      const due = await store.dueDeliveries(clock.nowUnixMs(), batchSize);
      if (due.length === 0 || this.#stop.signal.aborted) return;
      await Promise.all(due.map((delivery) => this.#deliver(delivery)));
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { settings, store, clock, random, onOutcome } = this.#options;
    const { deliveryId } = delivery;
    if (await this.#send(delivery)) {
      await store.removeDelivery(deliveryId);
      onOutcome("delivered", delivery);
      return;
    }
    // Cut by our own close, it has not failed.
    if (this.#stop.signal.aborted) return;
    const attempts = delivery.attempts + 1;
    if (attempts >= settings.maxAttempts) {
      await store.removeDelivery(deliveryId);
      onOutcome("dead", delivery);
      return;
    }
    await store.postponeDelivery(
      deliveryId,
      attempts,
      clock.nowUnixMs() + retryDelayMs(attempts, settings, random),
    );
    onOutcome("retried", delivery);
  }

  async #send({ deliveryId, event, body }: Delivery): Promise<boolean> {
    const { settings, clock } = this.#options;
    const seconds = Math.floor(clock.nowUnixMs() / 1000);
    try {
      const response = await fetch(settings.url, {
        method: "POST",
        body,
        headers: {
          "content-type": "application/json",
          "soundcheck-event": event,
          "soundcheck-delivery": deliveryId,
          "soundcheck-signature": webhookSignature(settings.secret, seconds, body),
        },
        redirect: "error",
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(settings.timeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

/**
 * The header `soundcheck-signature`: `t=<seconds since 1970>,v1=<hex>`, where the latter
 * is HMAC-SHA256 under the secret over `<t>.<body>`. A receiver computes it anew over the
 * bytes that it got, compares in constant time, and refuses a `t` more than five minutes off.
 */
export function webhookSignature(secret: string, unixSeconds: number, body: string): string {
  const mac = createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex");
  return `t=${unixSeconds},v1=${mac}`;
}

/** After so many failures: doubling from the first, between half of that and all of it. */
export function retryDelayMs(
  attempts: number,
  { firstRetryMs, longestRetryMs }: Pick<WebhookSettings, "firstRetryMs" | "longestRetryMs">,
  random: Pick<Random, "next">,
): number {
  const longestMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 1));
  return Math.ceil(longestMs * (0.5 + random.next() / 2));
}
