import { describe, expect, test } from "vitest";
import type { K6SummaryMetrics } from "../verdict/judge.ts";
import { clientsOf } from "./clients.ts";

const metrics: K6SummaryMetrics = {
  session_ok: { type: "rate", values: { rate: 0.99, passes: 198, fails: 2 } },
  clients_joined: { type: "counter", values: { count: 199, rate: 10 } },
  clients_refused: { type: "counter", values: { count: 1, rate: 0.1 } },
  clients_disconnected: { type: "counter", values: { count: 1, rate: 0.1 } },
  late_start_ms: { type: "trend", values: { count: 200, "p(99)": 4 } },
  signalling_join_ms: {
    type: "trend",
    values: { count: 199, min: 1, avg: 6, med: 5, "p(95)": 20, "p(99)": 33, "p(99.9)": 60, max: 61 },
  },
};

describe("clientsOf", () => {
  test("reads k6's summary, times in seconds", () => {
    expect(clientsOf(200, metrics, { refused: "room-full: the room is full" })).toEqual({
      planned: 200,
      started: 200,
      joined: 199,
      failures: [
        { cause: "refused", message: "room-full: the room is full", count: 1 },
        { cause: "disconnected", message: "", count: 1 },
      ],
      lateStartP99: 0.004,
      figures: {
        clients: 200,
        joinSeconds: {
          n: 199,
          coverage: 1,
          min: 0.001,
          mean: 0.006,
          p50: 0.005,
          p95: 0.02,
          p99: 0.033,
          p999: 0.06,
          max: 0.061,
        },
        answerSeconds: expect.objectContaining({ n: 0, coverage: null, p99: null }),
      },
    });
  });

  test("knows of nobody without a summary, and takes k6's zeros over nothing for no figure", () => {
    const trend = { type: "trend" as const, values: { count: 0, "p(99)": 0, max: 0 } };
    for (const nothing of [{}, { signalling_join_ms: trend, late_start_ms: trend }]) {
      expect(clientsOf(200, nothing, {})).toMatchObject({
        started: 0,
        joined: 0,
        failures: [],
        lateStartP99: null,
        figures: { joinSeconds: { n: 0, p99: null, max: null } },
      });
    }
  });
});
