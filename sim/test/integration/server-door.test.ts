import { request } from "node:https";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { describe, expect, test } from "vitest";
import { selfSignedCertificate } from "../../server/_certificate.ts";
import { startServer, TestClient } from "../../server/_test-client.ts";
import { systemWallClock } from "../../util/clock.ts";
import { joinBy, tokenFor } from "./_outside.ts";

describe("TLS", () => {
  const tls = selfSignedCertificate({
    hosts: ["127.0.0.1"],
    nowUnixMs: systemWallClock.nowUnixMs(),
    days: 1,
  });

  test("is what HTTP and signalling are served with, for who trusts the certificate", async () => {
    await using server = await startServer({ tls });
    expect([server.httpUrl, server.url]).toEqual([
      `https://127.0.0.1:${server.port}`,
      `wss://127.0.0.1:${server.port}/room`,
    ]);
    const asked = request(`${server.httpUrl}/healthz`, { ca: tls.cert }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
    const socket = new WebSocket(server.url, { ca: tls.cert });
    await once(socket, "open");
    socket.send("{}");
    const [answer] = (await once(socket, "message")) as [Buffer];
    expect(JSON.parse(answer.toString())).toMatchObject({ ok: false, error: { code: "bad-message" } });
    socket.close();
  });

  test("turns away who does not trust the certificate, and who speaks without it", async () => {
    await using server = await startServer({ tls });
    await expect(TestClient.connect(server)).rejects.toThrow(/self-signed/);
    await expect(fetch(`http://127.0.0.1:${server.port}/healthz`)).rejects.toThrow(/fetch failed/);
  });
});

describe("a ticket", () => {
  async function ask(server: { httpUrl: string }, authorization?: string) {
    const response = await fetch(`${server.httpUrl}/api/tickets`, {
      method: "POST",
      headers: authorization === undefined ? {} : { authorization },
    });
    return { response, body: (await response.json()) as { ticket: string; expiresInMs: number } };
  }

  test("is given for a token and lets its holder in, once", async () => {
    await using server = await startServer();
    const { response, body } = await ask(server, `Bearer ${await tokenFor({ id: "a", role: "speaker" })}`);
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(body.expiresInMs).toBe(30_000);
    const [first, second] = await Promise.all([TestClient.connect(server), TestClient.connect(server)]);
    const joined = await first.request("join", { version: 1, ticket: body.ticket });
    expect(joined).toMatchObject({ participantId: "a", role: "speaker" });
    expect(await joinBy(second, { ticket: body.ticket })).toBe("bad-token");
    const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
    expect(metrics).toContain("soundcheck_server_tickets_issued_total 1");
  });

  test("is not given without a token, or for one that is not good", async () => {
    await using server = await startServer();
    for (const authorization of [undefined, "Bearer x", `Bearer ${await tokenFor({ id: "a" }, -1)}`]) {
      const { response, body } = await ask(server, authorization);
      expect(response.status).toBe(401);
      expect(body).not.toHaveProperty("ticket");
    }
  });

  test("and a token are not shown both, nor neither", async () => {
    await using server = await startServer();
    const client = await TestClient.connect(server);
    const token = await tokenFor({ id: "a" });
    for (const shown of [{}, { token, ticket: "x" }]) {
      const answer = await client.ask("join", { version: 1, ...shown });
      expect(answer).toMatchObject({ ok: false, error: { code: "bad-message" } });
    }
    expect(await joinBy(client, { token })).toBe("ok");
  });
});

describe("limits", () => {
  const few = { burst: 3, perSecond: 0.001 };

  test("of joins by address refuse who comes too often, unless from this machine", async () => {
    const byAddress = { join: few, message: null };
    const joins = async (exemptLoopback: boolean): Promise<string[]> => {
      await using server = await startServer({ limits: { byAddress, exemptLoopback } });
      const outcomes: string[] = [];
      for (let index = 0; index < 5; index++) {
        const client = await TestClient.connect(server);
        outcomes.push(await joinBy(client, { token: await tokenFor({ id: `p${index}` }) }));
      }
      return outcomes;
    };
    expect(await joins(false)).toEqual(["ok", "ok", "ok", "too-many-requests", "too-many-requests"]);
    expect(await joins(true)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  });

  test("by address go by what a trusted proxy says, and by nothing that its client says", async () => {
    const limits = { byAddress: { join: { burst: 1, perSecond: 0.001 }, message: null } };
    const outcomes = async (trustForwardedFor: boolean): Promise<number[]> => {
      await using server = await startServer({ limits, trustForwardedFor });
      const statuses: number[] = [];
      for (const forwarded of ["127.0.0.1, 198.51.100.1", "10.0.0.1, 198.51.100.1", "198.51.100.2"]) {
        const response = await fetch(`${server.httpUrl}/api/tickets`, {
          method: "POST",
          headers: { authorization: `Bearer ${await tokenFor({ id: "a" })}`, "x-forwarded-for": forwarded },
        });
        statuses.push(response.status);
        await response.body?.cancel();
      }
      return statuses;
    };
    expect(await outcomes(true)).toEqual([201, 429, 201]);
    expect(await outcomes(false)).toEqual([201, 201, 201]);
  });

  test("of joins by account are its own", async () => {
    await using server = await startServer({ limits: { byAccount: { join: few } } });
    const outcomes: string[] = [];
    for (const id of ["a", "a", "a", "a", "b"]) {
      const client = await TestClient.connect(server);
      outcomes.push(await joinBy(client, { token: await tokenFor({ id }) }));
    }
    expect(outcomes).toEqual(["ok", "ok", "ok", "too-many-requests", "ok"]);
    const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
    expect(metrics).toContain('soundcheck_server_rate_limited_total{act="join",by="account"} 1');
    expect(metrics).toContain('soundcheck_server_joins_total{outcome="too-many-requests"} 1');
  });

  test("of messages answer a flood by a typed error that says when to come back, and others as ever", async () => {
    const message = { burst: 20, perSecond: 0.001 };
    await using server = await startServer({ limits: { byAccount: { message } } });
    const flood = await TestClient.join(server, { id: "flood", role: "listener" });
    const other = await TestClient.join(server, { id: "other", role: "listener" });
    const answers = await Promise.all(Array.from({ length: 500 }, () => flood.client.ask("ping", {})));
    const refused = answers.filter((answer) => !answer.ok);
    expect(refused).toHaveLength(480);
    for (const answer of refused) {
      expect(answer).toMatchObject({ error: { code: "too-many-requests" } });
      expect(answer.ok ? 0 : answer.error.retryAfterMs).toBeGreaterThan(0);
    }
    expect(await other.client.request("ping", {})).toEqual({});
  });

  test("of hands leave other messages alone", async () => {
    await using server = await startServer({ limits: { byAccount: { hand: few } } });
    const { client } = await TestClient.join(server, { id: "a", role: "listener" });
    const outcomes: string[] = [];
    for (const name of ["raiseHand", "lowerHand", "raiseHand", "lowerHand", "ping"]) {
      const answer = await client.ask(name, {});
      outcomes.push(answer.ok ? "ok" : answer.error.code);
    }
    expect(outcomes).toEqual(["ok", "ok", "ok", "too-many-requests", "ok"]);
  });
});
