/** A VU is one participant: it holds a WebSocket to an agent, which hosts the participant's real signalling and media. */
import ws from "k6/ws";
import type { AgentMessage, HostKind, RunHandle, VuMessage } from "../../sim/protocol/fleet.ts";
import { digests, metrics } from "./metrics.ts";

export type Attendance = {
  run: RunHandle;
  kind: HostKind;
  /** Seat, from 0. */
  index: number;
  /** When to leave, in milliseconds since 1970: k6 never tells a script that it must stop. */
  leaveAtMs: number;
  /** How long a join may take, in ms. */
  joinTimeoutMs: number;
};

/** Leaving takes the loss horizon, settling, and the way there and back. */
const leaveTimeoutMs = 12_000;

type Digest = Extract<AgentMessage, { type: "digest" | "final" }>;

/**
 * Joins, stays until it is time to leave, leaves; every digest and the outcome go into k6's metrics. False when the
 * host process neither seated the participant to the end nor said why not.
 */
export function attend({ run, kind, index, leaveAtMs, joinTimeoutMs }: Attendance): boolean {
  const hosts = run.hosts[kind];
  const url = hosts[index % hosts.length] as string;
  let joined = false;
  let completed = false;
  let told = false;
  let problem: string | undefined;
  const sums = { sent: 0, expected: 0, received: 0, lost: 0 };

  const response = ws.connect(url, null, (socket) => {
    const send = (message: VuMessage): void => {
      socket.send(JSON.stringify(message));
    };
    const giveUp = (what: string): void => {
      problem ??= what;
      socket.close();
    };
    socket.on("open", () => {
      send({ type: "hello", version: 1, runId: run.runId, kind, index });
      socket.setTimeout(() => {
        if (!joined) giveUp("did not join in time");
      }, joinTimeoutMs + 5000);
    });
    socket.on("message", (text) => {
      const message = JSON.parse(text) as AgentMessage;
      switch (message.type) {
        case "joined":
          joined = true;
          metrics.join_ms.add(message.joinMs);
          socket.setTimeout(
            () => {
              send({ type: "leave" });
              socket.setTimeout(() => {
                if (!completed) giveUp("no final account in time");
              }, leaveTimeoutMs);
            },
            Math.max(1, leaveAtMs - Date.now()),
          );
          break;
        case "digest":
          record(message, sums);
          if (message.firstSoundMs !== undefined) metrics.first_sound_ms.add(message.firstSoundMs);
          break;
        case "failed":
          told = true;
          giveUp(`${message.cause}: ${message.message}`);
          break;
        case "final":
          told = true;
          record(message, sums);
          completed = (["sent", "expected", "received", "lost"] as const).every(
            (key) => sums[key] === message.totals[key],
          );
          if (!completed) problem ??= "the digests do not add up to the final account";
          socket.close();
          break;
      }
    });
    socket.on("error", (error) => {
      problem ??= error.error();
    });
  });
  if (response.status !== 101) problem ??= `no connection to the agent at ${url}: ${response.error}`;
  const ok = joined && completed && problem === undefined;
  metrics.session_ok.add(ok);
  if (!ok) metrics.session_errors.add(1);
  return told;
}

function record(
  digest: Digest,
  sums: { sent: number; expected: number; received: number; lost: number },
): void {
  digests.add(1);
  for (const key of ["sent", "expected", "received", "lost"] as const) sums[key] += digest[key];
  if (digest.sent > 0) metrics.packets_sent.add(digest.sent);
  if (digest.expected > 0) metrics.packets_expected.add(digest.expected);
  if (digest.received > 0) metrics.packets_received.add(digest.received);
  for (const outcome of digest.samples) {
    metrics.lost.add(outcome === "lost");
    metrics.late.add(outcome === "late");
    if (outcome !== "lost") metrics.undecryptable.add(outcome === "refused");
    if (typeof outcome === "number") metrics.mouth_to_ear_ms.add(outcome);
  }
}
