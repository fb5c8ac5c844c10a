import { jwtVerify } from "jose";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import {
  agentMessageSchema,
  histogramSnapshotSchema,
  progressSchema,
  runHandleSchema,
  vuMessageSchema,
} from "./fleet.ts";
import { resultSchema } from "./result.ts";
import { runPlanSchema, type RunPlan } from "./run-plan.ts";
import {
  events,
  maxRelayRecipients,
  maxSealedBytes,
  requestEnvelopeSchema,
  requests,
  serverMessageSchema,
  tokenAudience,
  tokenClaimsSchema,
  tokenIssuer,
} from "./signalling.ts";
import { mintToken } from "./token.ts";

const plan: RunPlan = {
  runId: "20260101-000000-smoke-ab12",
  scenario: "smoke",
  profile: "smoke",
  seed: "1",
  target: { kind: "soundcheck", url: "wss://rooms.example/room" },
  room: "room",
  stage: { speakers: 0 },
  audience: { listeners: 0 },
  conversation: { model: "silent", seconds: 0.5 },
  audio: { bitrateBps: 24_000 },
  e2ee: { enabled: false, suite: "AES_128_CTR_HMAC_SHA256_32", rekeyWindowSeconds: 60 },
  joinTimeoutSeconds: 1,
  lossHorizonSeconds: 10,
  samplesPerSecond: 1,
};

const schemas: [string, z.ZodType][] = [
  ...Object.entries(requests).flatMap(([name, { request, response }]): [string, z.ZodType][] => [
    [`the request ${name}`, request],
    [`the answer to ${name}`, response],
  ]),
  ...Object.entries(events).map(([name, schema]): [string, z.ZodType] => [`the event ${name}`, schema]),
  ["a request's envelope", requestEnvelopeSchema],
  ["a server's message", serverMessageSchema],
  ["a VU's message", vuMessageSchema],
  ["an agent's message", agentMessageSchema],
  ["a run's handle", runHandleSchema],
  ["progress", progressSchema],
  ["a plan", runPlanSchema],
  ["a result", resultSchema],
  ["a histogram", histogramSnapshotSchema],
];

describe("whatever comes from outside", () => {
  test.each(schemas)("%s is taken or refused, and never throws", (_name, schema) => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything({ withNullPrototype: true })), (value) => {
        expect(typeof schema.safeParse(value).success).toBe("boolean");
      }),
    );
  });
});

describe("a plan", () => {
  test("at its bounds fits", () => {
    expect(runPlanSchema.parse(plan)).toEqual(plan);
  });

  test.each<[string, Partial<RunPlan>]>([
    ["a run id that leaves its directory", { runId: "../x" }],
    ["an empty run id", { runId: "" }],
    ["a target that is no WebSocket", { target: { kind: "soundcheck", url: "http://rooms.example" } }],
    ["more speakers than have seats under one generation", { stage: { speakers: 64 } }],
    ["half a listener", { audience: { listeners: 0.5 } }],
    ["a talk without end", { conversation: { model: "panel", seconds: Infinity } }],
    ["a talk longer than RTP timestamps reach", { conversation: { model: "panel", seconds: 86_401 } }],
    ["no samples", { samplesPerSecond: 0 }],
  ])("with %s does not", (_what, change) => {
    expect(runPlanSchema.safeParse({ ...plan, ...change }).success).toBe(false);
  });

  test("with a field that is not known, or without one that is, does not", () => {
    expect(runPlanSchema.safeParse({ ...plan, listners: 5 }).success).toBe(false);
    for (const field of Object.keys(plan)) {
      const { [field as keyof RunPlan]: _left, ...rest } = plan;
      expect(runPlanSchema.safeParse(rest).success, field).toBe(false);
    }
  });
});

describe("a relay", () => {
  const { request } = requests.relay;
  const sealed = (bytes: number): string => "A".repeat(Math.ceil((bytes * 4) / 3));
  const to = (count: number, bytes = 45) => ({
    messages: Array.from({ length: count }, (_, index) => ({ to: `l${index}`, sealed: sealed(bytes) })),
  });

  test("may have as many recipients and bytes as it says, and no more", () => {
    expect(request.safeParse(to(maxRelayRecipients, 117)).success).toBe(true);
    expect(request.safeParse(to(maxRelayRecipients + 1)).success).toBe(false);
    expect(request.safeParse(to(1, maxSealedBytes)).success).toBe(true);
    expect(request.safeParse(to(1, maxSealedBytes + 3)).success).toBe(false);
    expect(request.safeParse(to(0)).success).toBe(false);
  });

  test.each(["A=", "A+B", "A/B", "A B"])("carries base64url, not %j", (text) => {
    expect(request.safeParse({ messages: [{ to: "a", sealed: text }] }).success).toBe(false);
  });
});

describe("a digest", () => {
  const counts = { sent: 0, expected: 3, received: 2, lost: 1, late: 0, refused: 0 };

  test("has samples that are delays or what went wrong", () => {
    const digest = { type: "digest", ...counts, samples: [81.5, "late", "lost", "refused"] };
    expect(agentMessageSchema.parse(digest)).toEqual(digest);
    expect(agentMessageSchema.safeParse({ ...digest, samples: ["lovely"] }).success).toBe(false);
    expect(agentMessageSchema.safeParse({ ...digest, samples: [Number.NaN] }).success).toBe(false);
    expect(agentMessageSchema.safeParse({ ...digest, lost: -1 }).success).toBe(false);
    expect(agentMessageSchema.safeParse({ ...digest, lost: 0.5 }).success).toBe(false);
  });

  test("that is final says what all must add up to", () => {
    const totals = { sent: 0, expected: 30, received: 29, lost: 1 };
    const final = { type: "final", ...counts, samples: [], totals };
    expect(agentMessageSchema.parse(final)).toEqual(final);
    expect(agentMessageSchema.safeParse({ ...final, totals: undefined }).success).toBe(false);
  });
});

describe("a token", () => {
  const secret = new Uint8Array(32).fill(3);
  const subject = { sub: "ada", room: "room", role: "host", name: "Ada" } as const;

  test("claims who it is for, and for how long", async () => {
    const token = await mintToken(secret, subject, 60);
    const { payload, protectedHeader } = await jwtVerify(token, secret, {
      issuer: tokenIssuer,
      audience: tokenAudience,
      algorithms: ["HS256"],
    });
    expect(tokenClaimsSchema.parse(payload)).toMatchObject(subject);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    expect(protectedHeader).toEqual({ alg: "HS256", typ: "JWT" });
  });

  test("of another secret is not verified", async () => {
    const token = await mintToken(new Uint8Array(32).fill(4), subject, 60);
    await expect(jwtVerify(token, secret)).rejects.toThrow(/signature/);
  });
});
