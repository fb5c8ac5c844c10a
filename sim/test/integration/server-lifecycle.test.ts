import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { opusParameters, someDtls, startServer, TestClient } from "../../server/_test-client.ts";

describe("starting", () => {
  test("at a port in use fails with port-in-use, saying which and what to do", async () => {
    await using first = await startServer();
    await expect(startServer({ listen: { port: first.port } })).rejects.toMatchObject({
      name: "SetupError",
      code: "port-in-use",
      message: expect.stringContaining(String(first.port)),
      hint: expect.stringContaining("another port"),
    });
  });

  test("at a media port in use fails with port-in-use", async () => {
    const holder = createSocket("udp4").bind(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address();
    await expect(startServer({ media: { port } })).rejects.toMatchObject({
      code: "port-in-use",
      message: expect.stringContaining(String(port)),
    });
    holder.close();
  });

  test("at an address that is not this machine's fails with address-unavailable", async () => {
    await expect(startServer({ listen: { host: "203.0.113.1" }, insecure: true })).rejects.toMatchObject({
      code: "address-unavailable",
    });
    await expect(startServer({ media: { ip: "203.0.113.1" } })).rejects.toMatchObject({
      code: "address-unavailable",
    });
  });

  test("without the worker's binary fails with worker-missing and names the remedy", async () => {
    const module = new URL("../../server/_test-client.ts", import.meta.url).href;
    const script = `import(${JSON.stringify(module)}).then((m) => m.startServer()).catch((e) => console.log(e.code, e.hint))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], {
      env: { ...process.env, MEDIASOUP_WORKER_BIN: "/nowhere/mediasoup-worker" },
    });
    expect(stdout.trim()).toBe("worker-missing run: npm run setup");
  });

  test("leaves the process's signals to whoever runs the server", async () => {
    const before = [process.listenerCount("SIGINT"), process.listenerCount("SIGTERM")];
    await using _server = await startServer();
    expect([process.listenerCount("SIGINT"), process.listenerCount("SIGTERM")]).toEqual(before);
  });
});

describe("closing", () => {
  test("tells all participants, ends the workers, and can be done twice", async () => {
    const server = await startServer();
    const { client } = await TestClient.join(server, { id: "a", role: "listener" });
    const waiting = await TestClient.connect(server);
    const pids = server.workers.map(({ pid }) => pid);
    const { url } = server;
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(await client.event("removed")).toEqual({ reason: "server-shutdown" });
    expect((await client.closed).code).toBe(1001);
    expect((await waiting.closed).code).toBe(1001);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    await expect(TestClient.connect({ url })).rejects.toThrow(/ECONNREFUSED/);
  });

  test("does not wait for a client that no longer reads", async () => {
    const server = await startServer();
    const { client } = await TestClient.join(server, { id: "a", role: "listener" });
    client.socket.pause();
    await server.close();
    client.socket.terminate();
  });
});

describe("a media worker that dies", () => {
  test("takes media along but no participant, is counted, and is replaced", async () => {
    await using server = await startServer();
    const { client, joined } = await TestClient.join(
      server,
      { id: "h", role: "host" },
      { direction: "send", dtlsParameters: someDtls },
    );
    const { client: listener } = await TestClient.join(
      server,
      { id: "l", role: "listener" },
      { direction: "receive", dtlsParameters: someDtls },
    );
    const lostId = joined.transport?.transportId ?? "";
    const publishing = { transportId: lostId, rtpParameters: opusParameters(5) };
    const { streamId } = await client.request("publish", publishing);
    await listener.event("streamAdded");
    const [dying] = server.workers;
    process.kill(dying?.pid ?? 0, "SIGKILL");
    expect(await client.event("mediaRestart")).toEqual({ transportId: lostId, direction: "send" });
    await listener.event("mediaRestart", ({ direction }) => direction === "receive");

    const received = await listener.request("openTransport", { direction: "receive" });
    expect((await listener.request("subscribe", { transportId: received.transportId })).streams).toEqual([]);
    const { transportId } = await client.request("openTransport", { direction: "send" });
    await expect(client.request("publish", { ...publishing, streamId })).rejects.toMatchObject({
      code: "not-found",
    });
    const resumed = { transportId, rtpParameters: opusParameters(5), streamId };
    expect(await client.request("publish", resumed)).toEqual({ streamId });
    await expect.poll(() => listener.events.filter(({ name }) => name === "streamAdded").length).toBe(2);
    // What is there cannot be taken up again, nor can another's.
    await expect(client.request("publish", resumed)).rejects.toMatchObject({ code: "not-found" });
    expect(server.workers[0]?.pid).not.toBe(dying?.pid);
    const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
    expect(metrics).toContain("soundcheck_server_worker_deaths_total 1");
    expect(metrics).toContain("soundcheck_server_transports_lost_total 2");
    expect(metrics).toContain('soundcheck_server_participants{role="host"} 1');
  });

  test("ends the stream of who publishes another instead, for all", async () => {
    await using server = await startServer({ maxStreamsPerParticipant: 1 });
    const { client, joined } = await TestClient.join(
      server,
      { id: "h", role: "host" },
      { direction: "send", dtlsParameters: someDtls },
    );
    const first = await client.request("publish", {
      transportId: joined.transport?.transportId ?? "",
      rtpParameters: opusParameters(5),
    });
    process.kill(server.workers[0]?.pid ?? 0, "SIGKILL");
    await client.event("mediaRestart");
    const { transportId } = await client.request("openTransport", { direction: "send" });
    const second = await client.request("publish", { transportId, rtpParameters: opusParameters(6) });
    expect(second.streamId).not.toBe(first.streamId);
    const { joined: late } = await TestClient.join(
      server,
      { id: "l", role: "listener" },
      { direction: "receive", dtlsParameters: someDtls },
    );
    expect(late.streams).toMatchObject([second]);
  });

  test("leaves the rooms of other workers alone", async () => {
    await using server = await startServer({ workers: 2 });
    const first = await TestClient.join(
      server,
      { id: "a", role: "host", room: "one" },
      { direction: "send" },
    );
    const second = await TestClient.join(
      server,
      { id: "b", role: "host", room: "two" },
      { direction: "send" },
    );
    const port = first.joined.transport?.iceCandidates[0]?.port;
    expect(second.joined.transport?.iceCandidates[0]?.port).not.toBe(port);
    process.kill(server.workers.find((worker) => worker.port === port)?.pid ?? 0, "SIGKILL");
    await first.client.event("mediaRestart");
    expect(await second.client.request("ping", {})).toEqual({});
    expect(second.client.events.filter(({ name }) => name === "mediaRestart")).toEqual([]);
    const { transportId } = await first.client.request("openTransport", { direction: "send" });
    expect(transportId).not.toBe(first.joined.transport?.transportId);
  });
});
