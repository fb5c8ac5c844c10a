import { describe, expect, test } from "vitest";
import { startServer, TestClient } from "../../server/_test-client.ts";
import { admin, adminToken, joinBy, tokenFor } from "./_outside.ts";

describe("a drain", () => {
  test("of 100 participants answers what truly became of each", async () => {
    await using server = await startServer({ adminToken });
    const joined = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        TestClient.join(server, { id: `p${index}`, role: "listener", room: `room ${index % 3}` }),
      ),
    );
    const clients = joined.map(({ client }) => client);
    const [leavers, breakers, stayers] = [clients.slice(0, 60), clients.slice(60, 75), clients.slice(75)];
    const answer = admin(server, "POST", "/drain", { deadlineMs: 2000 });
    await Promise.all(
      clients.map(async (client) => {
        expect((await client.event("draining")).deadlineMs).toBe(2000);
      }),
    );
    await Promise.all(leavers.map((client) => client.request("leave", {})));
    for (const client of breakers) client.socket.terminate();
    expect(await answer).toEqual({
      status: 200,
      body: {
        state: "done",
        participants: 100,
        left: 60,
        disconnected: 15,
        removed: 0,
        cut: 25,
        remaining: 0,
        deadlineInMs: null,
      },
    });
    for (const client of stayers) {
      expect(await client.event("removed")).toEqual({ reason: "server-shutdown" });
      expect((await client.closed).code).toBe(1001);
    }
    for (const client of leavers) expect(client.events.some(({ name }) => name === "removed")).toBe(false);
  });

  test("lets nobody in, by join or by ticket, and says so where it is asked after", async () => {
    await using server = await startServer({ adminToken });
    const inside = await TestClient.join(server, { id: "inside", role: "listener" });
    const drained = server.drain(60_000);
    await inside.client.event("draining");
    const outside = await TestClient.connect(server);
    const token = await tokenFor({ id: "outside" });
    expect(await joinBy(outside, { token })).toBe("server-shutdown");
    const ticket = await fetch(`${server.httpUrl}/api/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(ticket.status).toBe(503);
    const health = await fetch(`${server.httpUrl}/healthz`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ ok: false, draining: true, participants: 1 });
    expect((await admin(server, "GET", "/drain")).body).toMatchObject({ state: "draining", remaining: 1 });
    expect(await inside.client.request("ping", {})).toEqual({});
    await inside.client.request("leave", {});
    expect(await drained).toMatchObject({ state: "done", participants: 1, left: 1, cut: 0 });
  });

  test("lets those come back who have a place kept, and counts them once", async () => {
    await using server = await startServer();
    const first = await TestClient.connect(server);
    const { resumeToken } = await first.request("join", {
      version: 1,
      token: await tokenFor({ id: "a" }),
      resumable: true,
    });
    const drained = server.drain(60_000);
    await first.event("draining");
    first.socket.terminate();
    await first.closed;
    const second = await TestClient.connect(server);
    await second.request("resume", { version: 1, resumeToken: resumeToken ?? "" });
    await second.request("leave", {});
    expect(await drained).toMatchObject({ participants: 1, left: 1, disconnected: 0, cut: 0 });
  });

  test("counts those who are put out meanwhile apart", async () => {
    await using server = await startServer({ adminToken });
    await TestClient.join(server, { id: "a", role: "listener" });
    await TestClient.join(server, { id: "b", role: "listener", room: "other" });
    const drained = server.drain(60_000);
    await admin(server, "DELETE", "/rooms/room/participants/a");
    await admin(server, "DELETE", "/rooms/other");
    expect(await drained).toMatchObject({ participants: 2, left: 0, removed: 2, cut: 0 });
  });
});
