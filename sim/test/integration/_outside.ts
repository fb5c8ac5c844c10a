import { Writable } from "node:stream";
import pino from "pino";
import { mintToken } from "../../protocol/token.ts";
import { signallingVersion, type Role } from "../../protocol/signalling.ts";
import { testSecret, type TestClient } from "../../server/_test-client.ts";

export const adminToken = "an-admin-token-of-thirty-two-bytes";

/** A token as the server under test admits it. */
export function tokenFor(who: { id: string; role?: Role; room?: string }, ttlSeconds = 60): Promise<string> {
  const { id: sub, role = "listener", room = "room" } = who;
  return mintToken(testSecret, { sub, room, role, name: `name of ${sub}` }, ttlSeconds);
}

/** The answer to a join by this token or ticket: `ok`, or the code of the refusal. */
export async function joinBy(
  client: TestClient,
  shown: { token: string } | { ticket: string },
): Promise<string> {
  const answer = await client.ask("join", { version: signallingVersion, ...shown });
  return answer.ok ? "ok" : answer.error.code;
}

/** Asks the admin API. */
export async function admin(
  server: { httpUrl: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.httpUrl}/admin${path}`, {
    method,
    headers: {
      authorization: `Bearer ${adminToken}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** A logger that keeps every line, of every level. */
export function keepingLogger(): { logger: pino.Logger; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { logger: pino({ level: "trace" }, stream), lines };
}
