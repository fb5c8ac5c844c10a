import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Agent } from "../../fleet/agent.ts";
import { agentReportSchema, progressSchema, runHandleSchema } from "../../protocol/fleet.ts";
import { childrenOf } from "../../run/process-usage.ts";
import { corpusDirectory, planOf, Vu } from "./_fleet.ts";

// Nobody listens there: these tests are about the agent.
const plan = planOf({ target: { kind: "soundcheck", url: "ws://127.0.0.1:1/room" } });
const options = {
  listen: { host: "127.0.0.1", port: 0 },
  audienceHosts: 1,
  tokenSecret: new Uint8Array(32).fill(7),
  cacheDirectory: corpusDirectory,
};

let agent: Agent;

beforeAll(async () => {
  agent = await Agent.create(options);
});
afterAll(async () => {
  await agent.close();
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${agent.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

describe("a plan that does not fit", () => {
  test.each<[string, object, string]>([
    ["a field of the wrong kind", { room: 5 }, "room: "],
    ["a field too much", { colour: "red" }, '"colour"'],
    ["a number out of range", { stage: { speakers: 64 } }, "stage.speakers: "],
    ["a target that is no WebSocket", { target: { kind: "soundcheck", url: "http://x/" } }, "target.url: "],
    ["a run id that is a path", { runId: "../../etc" }, "runId: "],
    ["a suite that is not known", { e2ee: { ...plan.e2ee, suite: "ROT13" } }, "e2ee.suite: "],
    ["two things wrong", { seed: "", lossHorizonSeconds: 0 }, "; "],
  ])("for %s is refused with 400, and the field is named", async (_what, more, named) => {
    const { status, body } = await ask("POST", "/runs", { ...plan, ...more });
    expect(status).toBe(400);
    expect(body).toEqual({ error: { code: "bad-plan", message: expect.stringContaining(named) } });
  });

  test("because it is no object is refused with 400", async () => {
    expect(await ask("POST", "/runs", ["plan"])).toMatchObject({ status: 400 });
    expect(await ask("POST", "/runs")).toMatchObject({ status: 400 });
  });
});

describe("a run that is not there", () => {
  test("has no progress and no end", async () => {
    const none = { status: 404, body: { error: { code: "no-run", message: "no such run" } } };
    expect(await ask("GET", "/runs/nobody")).toEqual(none);
    expect(await ask("POST", "/runs/nobody/end")).toEqual(none);
    expect(await ask("GET", "/runs")).toEqual({ status: 200, body: { runs: [] } });
    expect(await ask("GET", "/healthz")).toEqual({ status: 200, body: { ok: true, run: null } });
  });
});

describe("a run", () => {
  test("is started once when two ask at a time, tells its progress, fails what cannot join, and ends with one report", async () => {
    const answers = await Promise.all([ask("POST", "/runs", plan), ask("POST", "/runs", plan)]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 409]));
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ error: { code: "busy" } });
    const run = runHandleSchema.parse(answers.find(({ status }) => status === 201)?.body);
    expect(run.runId).toBe("run-1");
    expect(await ask("GET", "/runs")).toMatchObject({ body: { runs: ["run-1"] } });
    expect(await ask("GET", "/healthz")).toMatchObject({ body: { run: "run-1" } });

    await expect(Vu.join(run, "audience", 0)).rejects.toThrow(/unreachable/);
    await expect(Vu.join(run, "stage", 0)).rejects.toThrow(/unreachable/);
    // A seat that the plan does not have.
    await expect(Vu.join(run, "stage", 40)).rejects.toThrow(/harness.*2 seats/);

    await expect
      .poll(async () => progressSchema.parse((await ask("GET", "/runs/run-1")).body).failed, {
        timeout: 5000,
      })
      .toBe(3);
    const progress = progressSchema.parse((await ask("GET", "/runs/run-1")).body);
    expect(progress).toMatchObject({
      runId: "run-1",
      plan,
      stageJoined: 0,
      audienceJoined: 0,
      mouthToEarP95Seconds: null,
    });
    expect(progress.failure).toContain("ECONNREFUSED");
    expect((await ask("GET", "/metrics")).body).toMatch(/^soundcheck_session_errors_total 3$/m);

    const [first, second] = await Promise.all([
      ask("POST", "/runs/run-1/end"),
      ask("POST", "/runs/run-1/end"),
    ]);
    expect(second).toEqual(first);
    const report = agentReportSchema.parse(first.body);
    expect(report.hosts.map(({ name, failedToJoin }) => [name, failedToJoin])).toEqual([
      ["stage", 2],
      ["audience-0", 1],
    ]);
  });

  // Where there is no /proc nobody can count them.
  test.skipIf(process.platform !== "linux")("leaves no process behind once it has ended", async () => {
    await expect.poll(() => childrenOf(process.pid)).toEqual([]);
  });

  test("whose hosts cannot come up says why, and leaves no process behind", async () => {
    const poor = await Agent.create({ ...options, cacheDirectory: "/dev/null/corpus" });
    const response = await fetch(`${poor.url}/runs`, {
      method: "POST",
      body: JSON.stringify(plan),
      headers: { "content-type": "application/json" },
    });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: { code: "corpus-not-written", message: expect.stringContaining("/dev/null/corpus") },
    });
    await poor.close();
    await expect.poll(() => childrenOf(process.pid)).toEqual([]);
  });

  test.skipIf(process.platform !== "linux")(
    "that is being started when the agent closes leaves no process behind",
    async () => {
      const hasty = await Agent.create(options);
      const starting = fetch(`${hasty.url}/runs`, {
        method: "POST",
        body: JSON.stringify(plan),
        headers: { "content-type": "application/json" },
      }).catch(() => undefined);
      await expect.poll(() => childrenOf(process.pid).length).toBeGreaterThanOrEqual(2);
      await hasty.close();
      await starting;
      await expect.poll(() => childrenOf(process.pid), { timeout: 10_000 }).toEqual([]);
    },
  );
});

test("a port that is in use is said so, with what to do", async () => {
  const port = Number(new URL(agent.url).port);
  await expect(Agent.create({ ...options, listen: { host: "127.0.0.1", port } })).rejects.toMatchObject({
    name: "SetupError",
    code: "port-in-use",
    message: expect.stringContaining(String(port)),
  });
});
