import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ResponseBody, Role } from "../../protocol/signalling.ts";
import { opusParameters, someDtls, startServer, TestClient } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";

let server: RoomServer;
let rooms = 0;
const newRoom = (): string => `room-${rooms++}`;

beforeAll(async () => {
  server = await startServer({ maxStreamsPerParticipant: 2 });
});
afterAll(async () => {
  await server.close();
});

type Joined = { client: TestClient; joined: ResponseBody<"join">; transportId: string };

async function join(room: string, id: string, role: Role, direction: "send" | "receive"): Promise<Joined> {
  const { client, joined } = await TestClient.join(
    server,
    { id, role, room },
    { direction, dtlsParameters: someDtls },
  );
  return { client, joined, transportId: joined.transport?.transportId ?? "" };
}

function publish({ client, transportId }: Joined, ssrc: number, mid = "0"): Promise<ResponseBody<"publish">> {
  return client.request("publish", { transportId, rtpParameters: { ...opusParameters(ssrc), mid } });
}

describe("stage streams", () => {
  test("come with the answer to join to who comes later, and by streamAdded to who is there", async () => {
    const room = newRoom();
    const early = await join(room, "early", "listener", "receive");
    const speaker = await join(room, "s", "speaker", "send");
    const { streamId } = await publish(speaker, 5);
    const late = await join(room, "late", "listener", "receive");
    expect(early.joined.streams).toEqual([]);
    const { stream } = await early.client.event("streamAdded");
    expect(stream).toMatchObject({ streamId, participantId: "s", paused: false });
    expect(late.joined.streams).toMatchObject([{ streamId, participantId: "s", paused: false }]);
    expect(late.joined.streams?.[0]?.consumerId).not.toBe(stream.consumerId);
  });

  test("keep capture time and audio level on their way, and ask for no feedback", async () => {
    const room = newRoom();
    const listener = await join(room, "l", "listener", "receive");
    await publish(await join(room, "s", "speaker", "send"), 5);
    const { stream } = await listener.client.event("streamAdded");
    expect(stream.rtpParameters.headerExtensions?.map(({ uri }) => uri)).toEqual([
      "urn:ietf:params:rtp-hdrext:sdes:mid",
      "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
      "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    ]);
    expect(stream.rtpParameters.codecs).toMatchObject([{ payloadType: 111, rtcpFeedback: [] }]);
  });

  test("do not come back to their publisher", async () => {
    const room = newRoom();
    const speaker = await join(room, "s", "speaker", "send");
    await publish(speaker, 5);
    const other = await join(room, "h", "host", "send");
    const { streamId } = await publish(other, 5);
    const { transportId } = await speaker.client.request("openTransport", { direction: "receive" });
    const { streams } = await speaker.client.request("subscribe", { transportId });
    expect(streams).toMatchObject([{ streamId, participantId: "h" }]);
  });

  test("that come while a receiver joins reach it exactly once", async () => {
    const room = newRoom();
    const speakers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => join(room, `s${i}`, "speaker", "send")),
    );
    const [listeners] = await Promise.all([
      Promise.all(Array.from({ length: 8 }, (_, i) => join(room, `l${i}`, "listener", "receive"))),
      ...speakers.map((speaker, i) => publish(speaker, 10 + i)),
    ]);
    const last = await publish(await join(room, "last", "speaker", "send"), 99);
    for (const { client, joined } of listeners) {
      await client.event("streamAdded", ({ stream }) => stream.streamId === last.streamId);
      const added = client.events.flatMap((event) =>
        event.name === "streamAdded" ? [event.body.stream] : [],
      );
      const streams = [...(joined.streams ?? []), ...added].map(({ streamId }) => streamId);
      expect(streams).toHaveLength(9);
      expect(new Set(streams).size).toBe(9);
    }
  });

  test("reach more receivers than one batch holds", async () => {
    const room = newRoom();
    const listeners = await Promise.all(
      Array.from({ length: 70 }, (_, i) => join(room, `l${i}`, "listener", "receive")),
    );
    const { streamId } = await publish(await join(room, "s", "speaker", "send"), 5);
    for (const { client } of listeners) {
      expect((await client.event("streamAdded")).stream.streamId).toBe(streamId);
    }
  });

  test("pause and resume for all when their publisher mutes", async () => {
    const room = newRoom();
    const listener = await join(room, "l", "listener", "receive");
    const speaker = await join(room, "s", "speaker", "send");
    const { streamId } = await publish(speaker, 5);
    const { consumerId } = (await listener.client.event("streamAdded")).stream;
    await speaker.client.request("setMuted", { streamId, muted: true });
    expect(await listener.client.event("streamPaused")).toEqual({ consumerId, paused: true });
    expect((await join(room, "late", "listener", "receive")).joined.streams).toMatchObject([
      { paused: true },
    ]);
    await speaker.client.request("setMuted", { streamId, muted: false });
    await listener.client.event("streamPaused", ({ paused }) => !paused);
  });

  test("end when unpublished, and when their publisher leaves", async () => {
    const room = newRoom();
    const listener = await join(room, "l", "listener", "receive");
    const speaker = await join(room, "s", "speaker", "send");
    const first = await publish(speaker, 5);
    await listener.client.event("streamAdded");
    await speaker.client.request("unpublish", first);
    expect(await listener.client.event("streamRemoved")).toMatchObject(first);
    const second = await publish(speaker, 6);
    await listener.client.event("streamAdded", ({ stream }) => stream.streamId === second.streamId);
    speaker.client.socket.terminate();
    await listener.client.event("streamRemoved", ({ streamId }) => streamId === second.streamId);
    await listener.client.event("memberLeft");
    expect((await join(room, "late", "listener", "receive")).joined.streams).toEqual([]);
  });

  test("end with a transport that another replaces, and only those", async () => {
    const room = newRoom();
    const listener = await join(room, "l", "listener", "receive");
    const speaker = await join(room, "s", "speaker", "send");
    const first = await publish(speaker, 5);
    await listener.client.event("streamAdded");
    const { transportId } = await speaker.client.request("openTransport", { direction: "send" });
    expect(await listener.client.event("streamRemoved")).toMatchObject(first);
    const second = await publish({ ...speaker, transportId }, 6);
    await listener.client.event("streamAdded", ({ stream }) => stream.streamId === second.streamId);
    await expect(publish(speaker, 7)).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("a step by step join", () => {
  test("opens, connects and subscribes by requests of their own", async () => {
    const room = newRoom();
    const { streamId } = await publish(await join(room, "s", "speaker", "send"), 5);
    const { client, joined } = await TestClient.join(server, { id: "l", role: "listener", room });
    expect(joined).not.toHaveProperty("transport");
    const { transportId } = await client.request("openTransport", { direction: "receive" });
    await client.request("connectTransport", { transportId, dtlsParameters: someDtls });
    const rtpCapabilities = { codecs: [{ mimeType: "audio/opus", clockRate: 48_000, channels: 2 }] };
    const { streams } = await client.request("subscribe", { transportId, rtpCapabilities });
    expect(streams).toMatchObject([{ streamId, rtpParameters: { headerExtensions: [] } }]);
    await expect(client.request("subscribe", { transportId })).rejects.toMatchObject({ code: "bad-media" });
  });
});

describe("what may not be", () => {
  test("a listener opens nothing to send, publishes nothing, and joins with nothing to send", async () => {
    const room = newRoom();
    const { client, transportId } = await join(room, "l", "listener", "receive");
    const rtpParameters = opusParameters(5);
    await expect(client.request("openTransport", { direction: "send" })).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(client.request("publish", { transportId, rtpParameters })).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(join(room, "l2", "listener", "send")).rejects.toMatchObject({ code: "forbidden" });
  });

  test("one speaker's transport and stream are nothing to another", async () => {
    const room = newRoom();
    const owner = await join(room, "s1", "speaker", "send");
    const { streamId } = await publish(owner, 5);
    const { client } = await join(room, "s2", "speaker", "send");
    const { transportId } = owner;
    for (const refused of [
      client.request("publish", { transportId, rtpParameters: opusParameters(6) }),
      client.request("connectTransport", { transportId, dtlsParameters: someDtls }),
      client.request("setMuted", { streamId, muted: true }),
      client.request("unpublish", { streamId }),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: "not-found" });
    }
  });

  test("more streams than a participant may have are forbidden", async () => {
    const speaker = await join(newRoom(), "s", "speaker", "send");
    await publish(speaker, 5, "0");
    await publish(speaker, 6, "1");
    await expect(publish(speaker, 7, "2")).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("media parameters that do not fit", () => {
  test("are answered by bad-media with what mediasoup says", async () => {
    const speaker = await join(newRoom(), "s", "speaker", "send");
    await publish(speaker, 5);
    await expect(publish(speaker, 5, "1")).rejects.toThrow(/^bad-media: ssrc already exists/);
    const { transportId, client } = speaker;
    const codecs = [{ mimeType: "audio/PCMU", payloadType: 0, clockRate: 8000 }];
    const rtpParameters = { ...opusParameters(6), codecs };
    await expect(client.request("publish", { transportId, rtpParameters })).rejects.toThrow(
      /^bad-media: unsupported codec/,
    );
  });

  test("that come for a transport already connected are answered by bad-media", async () => {
    const { client, transportId } = await join(newRoom(), "h", "host", "send");
    await expect(
      client.request("connectTransport", { transportId, dtlsParameters: someDtls }),
    ).rejects.toThrow(/^bad-media: connect\(\) already called/);
  });

  test("that mediasoup's serializer refuses half-way do not spoil the worker for others", async () => {
    const speaker = await join(newRoom(), "s", "speaker", "send");
    const { client, transportId } = speaker;
    const encodings = [{ ssrc: 5, maxBitrate: 1.5 }];
    await client.ask("publish", { transportId, rtpParameters: { ...opusParameters(5), encodings } });
    const other = await join(newRoom(), "s", "speaker", "send");
    expect(await publish(other, 5)).toHaveProperty("streamId");
  });
});
