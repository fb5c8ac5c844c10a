/** A room larger than one worker takes: 600 listeners, 30,000 packets a second, half of them by a pipe between two workers. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { startServer } from "../../server/_test-client.ts";
import { toBase64Url } from "../../util/bytes.ts";
import { soundcheck } from "../e2e/_soundcheck.ts";

const listeners = 600;
const talkSeconds = 20;

test(`${listeners} listeners over two workers by pipes: nothing is lost`, async ({ annotate }) => {
  const tokenSecret = randomBytes(32);
  await using server = await startServer({
    workers: 2,
    tokenSecret,
    media: { maxConsumersPerRouter: listeners / 2 },
  });
  const parameters = {
    listeners,
    speakers: 0,
    leavers: 0,
    join: 30,
    talk: talkSeconds,
    conversation: "monologue",
  };
  const set = Object.entries(parameters).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const { result, stdout, stderr } = await soundcheck(["run", "town-hall", "--target", server.url, ...set], {
    env: { SOUNDCHECK_TOKEN_SECRET: toBase64Url(tokenSecret) },
  });
  await annotate(stdout);
  expect(result, stderr).toBeDefined();
  // On cores that others use too, the listeners' process falls behind: that would say nothing of the server.
  expect(result?.verdict.outcome, "a harness that starved").not.toBe("INVALID");
  expect(result?.participants).toMatchObject({ joined: listeners + 1, failed: 0 });
  expect(result?.packets.expected).toBeGreaterThan(listeners * 50 * talkSeconds);
  expect(result?.packets.lost).toBe(0);
  // Each worker has a port of its own.
  const heardFrom = (result?.egress.destinations ?? [])
    .filter(({ process, purpose }) => process === "audience-0" && purpose === "media")
    .map(({ port, connections }) => ({ port, connections }));
  const ports = server.workers.map(({ port }) => port);
  expect(heardFrom).toHaveLength(2);
  for (const port of ports) expect(heardFrom).toContainEqual({ port, connections: listeners / 2 });
});
