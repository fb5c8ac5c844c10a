import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requests, type RequestName } from "../../protocol/signalling.ts";
import { opusParameters, someDtls, startServer, TestClient } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";

let server: RoomServer;
let host: TestClient;
let hostTransportId: string;
let hostStreamId: string;

beforeAll(async () => {
  server = await startServer();
  const { client, joined } = await TestClient.join(
    server,
    { id: "host", role: "host" },
    { direction: "send", dtlsParameters: someDtls },
  );
  host = client;
  hostTransportId = joined.transport?.transportId ?? "";
  const publishing = { transportId: hostTransportId, rtpParameters: opusParameters(5) };
  hostStreamId = (await client.request("publish", publishing)).streamId;
});
afterAll(async () => {
  await server.close();
});

const names = Object.keys(requests) as RequestName[];

/** Bodies that fit their request or nearly do, some with the host's own ids in them. */
const body = fc.oneof(
  fc.constant({}),
  fc.jsonValue(),
  fc.constantFrom("send", "receive", "both").map((direction) => ({ direction })),
  fc.constantFrom("send", "receive").map((direction) => ({ direction, dtlsParameters: someDtls })),
  fc.jsonValue().map((token) => ({ version: 1, token })),
  fc.jsonValue().map((dtlsParameters) => ({ transportId: hostTransportId, dtlsParameters })),
  fc.constant({}).map(() => ({ transportId: hostTransportId, rtpParameters: opusParameters(6) })),
  fc.jsonValue().map((encoding) => ({
    transportId: hostTransportId,
    rtpParameters: { ...opusParameters(6), encodings: [encoding] },
  })),
  fc.boolean().map((muted) => ({ streamId: hostStreamId, muted })),
  fc.constant({}).map(() => ({ streamId: hostStreamId })),
  fc.constant({}).map(() => ({ transportId: hostTransportId })),
  fc.string().map((sealed) => ({ messages: [{ to: "bystander", sealed }] })),
);

const request = fc
  .record({ id: fc.nat(), request: fc.oneof(fc.constantFrom(...names), fc.string()), body })
  .filter(({ request: name }) => name !== "leave")
  .map((message) => JSON.stringify(message));

const message = fc.oneof(
  { weight: 6, arbitrary: request },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  // A fitting message with a piece cut out.
  {
    weight: 1,
    arbitrary: fc
      .tuple(request, fc.nat(200), fc.nat(20))
      .map(([text, at, length]) => text.slice(0, at) + text.slice(at + length)),
  },
);
const messages = fc.array(message, { minLength: 1, maxLength: 12 });

/** Sends all at once; the answers, which are as many. */
async function answersTo(
  client: TestClient,
  sent: readonly (string | Buffer)[],
): Promise<TestClient["answers"]> {
  const before = client.answers.length;
  for (const each of sent) client.socket.send(each);
  await client.answerCount(before + sent.length);
  return client.answers.slice(before);
}

async function expectUnharmed(): Promise<void> {
  expect(await (await fetch(`${server.httpUrl}/healthz`)).json()).toMatchObject({
    ok: true,
    workersAlive: 1,
    rooms: 1,
  });
  const { client, joined } = await TestClient.join(
    server,
    { id: "witness", role: "listener" },
    { direction: "receive" },
  );
  expect(joined.stage.map(({ participantId }) => participantId)).toEqual(["host"]);
  expect(joined.streams).toMatchObject([{ streamId: hostStreamId, participantId: "host", paused: false }]);
  await client.request("leave", {});
  expect(host.events.filter(({ name }) => name === "removed")).toEqual([]);
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  expect(metrics).not.toMatch(/signalling_errors_total\{code="internal"\}/);
}

describe("malformed and reordered messages", () => {
  test("from who has not joined are all refused, and harm nobody", async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (sent) => {
        const client = await TestClient.connect(server);
        for (const answer of await answersTo(client, sent)) expect(answer.ok).toBe(false);
        client.socket.terminate();
      }),
      { numRuns: 200 },
    );
    await expectUnharmed();
  });

  test("from a listener never grant what a listener has no right to, and harm nobody", async () => {
    const bystander = await TestClient.join(server, { id: "bystander", role: "listener" });
    await fc.assert(
      fc.asyncProperty(messages, async (sent) => {
        const { client } = await TestClient.join(server, { id: "fuzzer", role: "listener" });
        for (const answer of await answersTo(client, sent)) {
          // Nothing but transports to receive by, a hand, and looking about can have come true.
          if (answer.ok) expect(Object.keys(answer.body ?? {}).toSorted()).toSatisfy(isHarmless);
        }
        client.socket.terminate();
      }),
      { numRuns: 200 },
    );
    expect(bystander.client.events.filter(({ name }) => name === "sealed")).toEqual([]);
    bystander.client.close();
    await bystander.client.closed;
    await expectUnharmed();
  });

  test("from a speaker about its own media never crash the worker", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        fc.jsonValue(),
        fc.jsonValue(),
        async (encoding, parameters, extension) => {
          const { client, joined } = await TestClient.join(
            server,
            { id: "fuzzer", role: "speaker", room: "another" },
            { direction: "send", dtlsParameters: someDtls },
          );
          const transportId = joined.transport?.transportId;
          const plain = opusParameters(6);
          const codecs = plain.codecs.map((codec) => ({ ...codec, parameters }));
          for (const [mid, wrong] of [
            ["a", { encodings: [encoding] }],
            ["b", { codecs }],
            ["c", { headerExtensions: [extension] }],
            ["d", { rtcp: { cname: encoding } }],
          ] as const) {
            const answer = await client.ask("publish", {
              transportId,
              rtpParameters: { ...plain, mid, ...wrong },
            });
            if (!answer.ok) expect(["bad-media", "bad-message"]).toContain(answer.error.code);
          }
          await client.request("leave", {});
        },
      ),
      { numRuns: 100 },
    );
    await expectUnharmed();
  });
});

function isHarmless(keys: string[]): boolean {
  const transport = ["dtlsParameters", "iceCandidates", "iceParameters", "transportId"];
  const harmless = [transport.join(), "", "missing", "position", "members,total"];
  return harmless.includes(keys.join()) || keys.includes("stageSize");
}
