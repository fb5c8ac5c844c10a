import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { systemWallClock } from "../util/clock.ts";
import { createRandom } from "../util/random.ts";
import { createMemoryStore } from "./memory-store.ts";
import {
  retryDelayMs,
  webhookBodySchema,
  Webhooks,
  webhookSignature,
  type WebhookOutcome,
  type WebhookSettings,
} from "./webhooks.ts";

type Received = { headers: IncomingHttpHeaders; body: string };

const secret = "a secret that only the receiver has";
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A receiver that answers what it is told to, in turn, and then 204. */
async function receiver(answers: (number | "hang up" | "hang")[] = []) {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = answers.shift() ?? 204;
      if (answer === "hang up") request.socket.destroy();
      else if (answer !== "hang") response.writeHead(answer, { location: "/elsewhere" }).end("noted");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return { url: `http://127.0.0.1:${address.port}/hook`, received };
}

function webhooks(url: string, changes: Partial<WebhookSettings> = {}, store = createMemoryStore()) {
  const outcomes: WebhookOutcome[] = [];
  const faults: unknown[] = [];
  const settings = { url, secret, maxAttempts: 5, firstRetryMs: 2, longestRetryMs: 10, timeoutMs: 5000 };
  const hooks = new Webhooks({
    settings: { ...settings, maxWaiting: 100, closeGraceMs: 0, ...changes },
    store,
    clock: systemWallClock,
    random: createRandom("webhooks"),
    onOutcome: (outcome) => outcomes.push(outcome),
    onFault: (error) => faults.push(error),
  });
  closing.push(() => hooks.close());
  return { hooks, outcomes, faults, store };
}

describe("a webhook", () => {
  test("is sent signed over its time and its body, with ids and no more", async () => {
    const { url, received } = await receiver();
    const { hooks, outcomes } = webhooks(url);
    hooks.emit({ event: "moderation.kicked", roomId: "r", participantId: "p", actorId: "h" });
    await expect.poll(() => outcomes).toEqual(["delivered"]);
    const [{ headers, body } = { headers: {}, body: "" }] = received;
    const parsed = webhookBodySchema.parse(JSON.parse(body));
    expect(parsed).toMatchObject({
      event: "moderation.kicked",
      roomId: "r",
      participantId: "p",
      actorId: "h",
    });
    expect(headers["soundcheck-delivery"]).toBe(parsed.deliveryId);
    expect(headers["soundcheck-event"]).toBe("moderation.kicked");
    const [, seconds = "", mac = ""] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["soundcheck-signature"])) ?? [];
    expect(createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")).toBe(mac);
  });

  test("that fails twice is tried again, with the same id, until it arrives", async () => {
    const { url, received } = await receiver([500, "hang up"]);
    const { hooks, outcomes, store } = webhooks(url);
    hooks.emit({ event: "room.opened", roomId: "r" });
    await expect.poll(() => outcomes).toEqual(["retried", "retried", "delivered"]);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(received).toHaveLength(3);
    expect(await store.countDeliveries()).toBe(0);
  });

  test("that never arrives is given up after the last try", async () => {
    const { url, received } = await receiver([500, 404, 302]);
    const { hooks, outcomes, store } = webhooks(url, { maxAttempts: 3 });
    hooks.emit({ event: "room.opened", roomId: "r" });
    await expect.poll(() => outcomes).toEqual(["retried", "retried", "dead"]);
    expect(received).toHaveLength(3);
    expect(await store.countDeliveries()).toBe(0);
  });

  test("whose receiver does not answer in time has failed", async () => {
    const { url } = await receiver(["hang"]);
    const { hooks, outcomes } = webhooks(url, { timeoutMs: 20 });
    hooks.emit({ event: "room.opened", roomId: "r" });
    await expect.poll(() => outcomes).toEqual(["retried", "delivered"]);
  });

  test("beyond those that may wait is not taken, and counted", async () => {
    const { url } = await receiver(Array.from({ length: 20 }, () => "hang" as const));
    const { hooks, outcomes, store } = webhooks(url, { maxWaiting: 3 });
    for (let index = 0; index < 5; index++) hooks.emit({ event: "room.opened", roomId: `r${index}` });
    await expect.poll(() => outcomes).toEqual(["overflowed", "overflowed"]);
    expect(await store.countDeliveries()).toBe(3);
  });

  test("that waited when the server stopped is sent by the next that has the store", async () => {
    const { url, received } = await receiver(["hang"]);
    const first = webhooks(url);
    first.hooks.emit({ event: "room.ended", roomId: "r" });
    await expect.poll(() => received.length).toBe(1);
    await first.hooks.close();
    expect(first.outcomes).toEqual([]);
    first.hooks.emit({ event: "room.ended", roomId: "late" });
    expect(await first.store.countDeliveries()).toBe(1);
    const second = webhooks(url, {}, first.store);
    await expect.poll(() => second.outcomes).toEqual(["delivered"]);
    expect(received[1]?.body).toBe(received[0]?.body);
  });

  test("of many all arrive, each once", async () => {
    const { url, received } = await receiver();
    const { hooks, outcomes, faults } = webhooks(url);
    for (let index = 0; index < 50; index++) hooks.emit({ event: "participant.joined", roomId: `r${index}` });
    await expect.poll(() => outcomes.length).toBe(50);
    expect(new Set(received.map(({ body }) => body)).size).toBe(50);
    expect(faults).toEqual([]);
  });
});

test("a signature differs by secret, time and body", () => {
  const one = webhookSignature("a", 1, "x");
  expect(
    new Set([
      one,
      webhookSignature("b", 1, "x"),
      webhookSignature("a", 2, "x"),
      webhookSignature("a", 1, "y"),
    ]).size,
  ).toBe(4);
});

test("the wait between tries doubles, differs by chance, and has a limit", () => {
  const settings = { firstRetryMs: 1000, longestRetryMs: 600_000 };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (attempts, drawn) => {
        const longestMs = Math.min(600_000, 1000 * 2 ** (attempts - 1));
        const waitMs = retryDelayMs(attempts, settings, { next: () => drawn });
        expect(waitMs).toBeGreaterThanOrEqual(longestMs / 2);
        expect(waitMs).toBeLessThanOrEqual(longestMs);
      },
    ),
  );
  expect(retryDelayMs(3, settings, { next: () => 0 })).toBe(2000);
});
