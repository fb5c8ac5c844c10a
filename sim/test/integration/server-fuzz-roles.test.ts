import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  requests,
  roles,
  signallingVersion,
  type RequestName,
  type ResponseBody,
  type Role,
} from "../../protocol/signalling.ts";
import { mintToken } from "../../protocol/token.ts";
import { opusParameters, someDtls, startServer, TestClient, testSecret } from "../../server/_test-client.ts";
import { hasRight, type Right } from "../../server/rights.ts";
import type { RoomServer } from "../../server/server.ts";

/**
 * The least that a request takes to come true, whoever it is about; null: being in the room.
 * Written down here a second time, so that a handler that forgets to ask is found out.
 */
const needs: Record<Exclude<RequestName, "join" | "resume" | "leave" | "ping">, Right | null> = {
  openTransport: null,
  connectTransport: null,
  restartIce: null,
  subscribe: "subscribe",
  publish: "publish",
  unpublish: "publish",
  setMuted: "publish",
  relay: null,
  roomInfo: null,
  listAudience: "list-audience",
  raiseHand: "raise-hand",
  lowerHand: null,
  inviteToStage: "invite-to-stage",
  acceptStage: "answer-invitation",
  declineStage: "answer-invitation",
  stepDown: "step-down",
  moveToAudience: "move-to-audience",
  muteParticipant: "mute-others",
  askToUnmute: "ask-unmute",
  kick: "kick",
  ban: "ban",
  unban: "ban",
  setRoom: "set-topic",
  endRoom: "end-room",
  grantModerator: "grant-moderator",
  revokeModerator: "grant-moderator",
  handOverHost: "hand-over-host",
  claimHost: "claim-host",
  inviteToRoom: "invite-to-social-room",
};

const names = Object.keys(requests).filter((name): name is RequestName => Object.hasOwn(requests, name));
const people = ["host", "moderator", "speaker", "listener", "other", "stranger", "nobody"] as const;

let server: RoomServer;
let sent = 0;
let rounds = 0;
/** Stands in a message for a listener's token to the room at hand. */
const aToken = "{token}";

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

const about = fc.constantFrom(...people).map((participantId) => ({ participantId }));
const change = fc.record(
  {
    title: fc.string({ maxLength: 8 }),
    locked: fc.boolean(),
    maxStage: fc.integer({ min: 0, max: 3 }),
    maxAudience: fc.constantFrom(null, 1, -1),
    visibility: fc.constantFrom("public", "social", "private", "secret"),
    state: fc.constant("ended"),
  },
  { requiredKeys: [] },
);
const direction = fc.constantFrom("send", "receive", "both");

/** Bodies that fit some request, or nearly do. */
const body = fc.oneof(
  { weight: 4, arbitrary: about },
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: change },
  fc.record({ direction }),
  direction.map((each) => ({ direction: each, dtlsParameters: someDtls })),
  fc.record({ offset: fc.integer({ min: -1, max: 3 }), limit: fc.integer({ min: 0, max: 300 }) }),
  fc.record({ streamId: fc.string(), muted: fc.boolean() }),
  fc.string().map((transportId) => ({ transportId, rtpParameters: opusParameters(7) })),
  fc.tuple(fc.constantFrom(...people), fc.string()).map(([to, sealed]) => ({ messages: [{ to, sealed }] })),
  fc.string().map((resumeToken) => ({ version: signallingVersion, resumeToken })),
  fc.constant({ version: signallingVersion, token: aToken }),
  fc.jsonValue(),
);

const request = fc
  .record({
    id: fc.nat(),
    request: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...names) }, fc.string()),
    body,
  })
  .map((message) => JSON.stringify(message));
const fitting = fc
  .tuple(fc.nat(), fc.constantFrom(...names), fc.oneof(about, fc.constant({})))
  .map(([id, name, itsBody]) => JSON.stringify({ id, request: name, body: itsBody }));
const broken = fc.oneof(
  fc.string(),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc
    .tuple(request, fc.nat(80), fc.nat(20))
    .map(([text, at, length]) => text.slice(0, at) + text.slice(at + length)),
);
const messages = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: request },
    { weight: 3, arbitrary: fitting },
    { weight: 1, arbitrary: broken },
  ),
  { minLength: 25, maxLength: 30, size: "max" },
);

type Answered = {
  readonly name: RequestName;
  readonly body: unknown;
  readonly answer: TestClient["answers"][number];
};

/** Sends all at once; what was answered, in order, until the connection closes. */
async function fire(
  client: TestClient,
  volley: readonly (string | Buffer)[],
  token = "",
): Promise<Answered[]> {
  const before = client.answers.length;
  for (const each of volley) {
    client.socket.send(typeof each === "string" ? each.replace(aToken, token) : each);
  }
  sent += volley.length;
  await client.answerCount(before + volley.length).catch(() => client.closed);
  return client.answers.slice(before).flatMap((answer, index) => {
    const message = parse(volley[index]);
    return answer.ok && message !== undefined ? [{ ...message, answer }] : [];
  });
}

function parse(message: string | Buffer | undefined): { name: RequestName; body: unknown } | undefined {
  if (typeof message !== "string") return undefined;
  try {
    const { request: name, body: itsBody } = JSON.parse(message);
    return names.includes(name) ? { name, body: itsBody } : undefined;
  } catch {
    return undefined;
  }
}

/** What came true that somebody of this role, which it cannot have lost or risen above, has no right to. */
function usurped(role: Role, answered: readonly Answered[]): string[] {
  return answered.flatMap(({ name, body: asked }) => {
    if (name === "join" || name === "resume" || name === "leave" || name === "ping") return [];
    const right = needs[name];
    const others = name === "lowerHand" && Object.hasOwn(Object(asked), "participantId");
    const isOwn = right === null || hasRight(role, right);
    const isTheirs = others && !hasRight(role, "lower-any-hand") && Object(asked).participantId !== role;
    return isOwn && !isTheirs ? [] : [`${role}: ${name}`];
  });
}

async function expectNobodyThere(): Promise<void> {
  const health = async (): Promise<unknown> => (await fetch(`${server.httpUrl}/healthz`)).json();
  await expect
    .poll(health, { timeout: 10_000 })
    .toMatchObject({ ok: true, workersAlive: 1, rooms: 0, participants: 0 });
  const metrics = async (): Promise<string> => (await fetch(`${server.httpUrl}/metrics`)).text();
  for (const gauge of ["transports", "producers", "consumers", "connections"]) {
    await expect.poll(metrics, { timeout: 10_000 }).toMatch(new RegExp(`soundcheck_server_${gauge} 0\n`));
  }
  expect(await metrics()).not.toMatch(/signalling_errors_total\{code="internal"\}/);
}

describe("malformed and reordered messages of several at once", () => {
  test("without a host or moderator among them grant nothing, and move nobody", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(messages, messages, messages),
        async ([ofSpeaker, ofListener, ofStranger]) => {
          const room = `arena-${rounds++}`;
          const join = async (id: string, role: Role): Promise<TestClient> =>
            (await TestClient.join(server, { id, role, room })).client;
          const [host, moderator, speaker, listener] = await Promise.all(
            roles.map((role) => join(role, role)),
          );
          if (
            host === undefined ||
            moderator === undefined ||
            speaker === undefined ||
            listener === undefined
          )
            return;
          const stranger = await TestClient.connect(server);
          const subject = { sub: "stranger", room, role: "listener", name: "" } as const;
          const [bySpeaker, byListener, byStranger] = await Promise.all([
            fire(speaker, ofSpeaker),
            fire(listener, ofListener),
            fire(stranger, ofStranger, await mintToken(testSecret, subject, 60)),
          ]);
          expect(usurped("listener", byListener)).toEqual([]);
          expect(usurped("listener", byStranger)).toEqual([]);
          // A speaker who has stepped down is a listener, with that role's one right of its own.
          const stepped = bySpeaker.some(({ name }) => name === "stepDown");
          const taken = usurped("speaker", bySpeaker);
          expect(taken.filter((what) => !stepped || what !== "speaker: raiseHand")).toEqual([]);
          expect(await host.request("roomInfo", {})).toMatchObject({
            host: "host",
            state: "open",
            title: "",
          });
          for (const { events } of [host, moderator]) {
            const touched = events.filter(({ name }) =>
              ["removed", "roleChanged", "muted", "unmuteAsked", "stageInvitation", "roomChanged"].includes(
                name,
              ),
            );
            expect(touched).toEqual([]);
          }
          for (const client of [host, moderator, speaker, listener, stranger]) client.socket.terminate();
        },
      ),
      { numRuns: 100 },
    );
    await expectNobodyThere();
  });

  test("of all roles leave a room in order while it lasts, and nothing when all have gone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { minLength: 5, maxLength: 5 }), async (volleys) => {
        const room = `arena-${rounds++}`;
        const who: [string, Role][] = [
          ...roles.map((role): [string, Role] => [role, role]),
          ["other", "listener"],
        ];
        const clients = await Promise.all(
          who.map(async ([id, role]) => (await TestClient.join(server, { id, role, room })).client),
        );
        const outcomes = await Promise.all(
          clients.map((client, index) => fire(client, volleys[index] ?? [])),
        );
        // Whatever they did to one another: only who was host, or became it, can have done what only hosts may.
        const reigns = outcomes.map((answered) =>
          answered.some(({ name }) => name === "endRoom" || name === "handOverHost"),
        );
        const becameHost = clients.map(({ events }) =>
          events.some(({ name, body: told }) => name === "roleChanged" && told.role === "host"),
        );
        for (const [index, reigned] of reigns.entries())
          if (index > 0 && reigned) expect(becameHost[index]).toBe(true);
        const witness = await TestClient.join(server, { id: "witness", role: "host", room }).catch(
          () => undefined,
        );
        if (witness !== undefined) expectOrder(witness.joined);
        for (const client of [...clients, witness?.client]) client?.socket.terminate();
      }),
      { numRuns: 50 },
    );
    await expectNobodyThere();
  });

  test("were ten thousand", () => {
    expect(sent).toBeGreaterThanOrEqual(10_000);
  });
});

/** At most one host, the stage has seats, no two the same, and the audience has none. */
function expectOrder({ stage, audience }: ResponseBody<"join">): void {
  expect(stage.filter(({ role }) => role === "host").length).toBeLessThanOrEqual(1);
  const seats = stage.map(({ seat }) => seat);
  expect(new Set(seats).size).toBe(seats.length);
  for (const { seat, role } of stage)
    expect([seat === null, hasRight(role, "publish")]).toEqual([false, true]);
  for (const { seat, role } of audience ?? []) expect([seat, role]).toEqual([null, "listener"]);
}
