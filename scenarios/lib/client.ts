/** A VU is one client of a room server: signalling over its WebSocket, without media and without an agent. */
import { Counter, Trend } from "k6/metrics";
import ws from "k6/ws";
import type { FailureCause } from "../../sim/protocol/fleet.ts";
import type { RequestBody, RequestName, Role, ServerMessage } from "../../sim/protocol/signalling.ts";
import { metrics } from "./metrics.ts";
import { tokenFor } from "./token.ts";

/** How long after its due instant a client was started: the harness's own fault. */
const lateStart = new Trend("late_start_ms", true);
/** What the harness makes participants, failures and their causes of. */
const joined = new Counter("clients_joined");
const failed = {
  refused: new Counter("clients_refused"),
  unreachable: new Counter("clients_unreachable"),
  disconnected: new Counter("clients_disconnected"),
  removed: new Counter("clients_removed"),
  protocol: new Counter("clients_protocol"),
} as const satisfies Partial<Record<FailureCause, Counter>>;

/** k6's own log, which its types leave out. */
declare const console: { error(line: string): void };

type Failure = keyof typeof failed;

export type Visit = {
  url: string;
  room: string;
  /** Unique in the room. */
  account: string;
  role: Role;
  /** When it was due to connect: what a late start takes is in the figure. In ms since 1970, as all instants here. */
  dueAtMs: number;
  /** Undefined: it raises no hand. */
  handAtMs: number | undefined;
  leaveAtMs: number;
  /** How long a join may take, and any other answer, in ms. */
  timeoutMs: number;
};

/** Connects, joins, perhaps raises a hand, stays until it is time, leaves, and has left when the server closes. */
export function visit({ url, room, account, role, dueAtMs, handAtMs, leaveAtMs, timeoutMs }: Visit): void {
  let failure: { cause: Failure; message: string } | undefined;
  let hasJoined = false;
  let hasLeft = false;
  lateStart.add(Math.max(0, Date.now() - dueAtMs));
  const response = ws.connect(url, null, (socket) => {
    let nextId = 1;
    const asked = new Map<number, { name: RequestName; atMs: number; done: () => void }>();
    const giveUp = (cause: Failure, message: string): void => {
      failure ??= { cause, message };
      socket.close();
    };
    const ask = <Name extends RequestName>(name: Name, body: RequestBody<Name>, done: () => void): void => {
      const id = nextId++;
      asked.set(id, { name, atMs: name === "join" ? dueAtMs : Date.now(), done });
      socket.send(JSON.stringify({ id, request: name, body }));
      socket.setTimeout(() => {
        if (asked.has(id)) giveUp("unreachable", `no answer to ${name} in time`);
      }, timeoutMs);
    };
    const at = (instantMs: number, act: () => void): void => {
      socket.setTimeout(act, Math.max(1, instantMs - Date.now()));
    };
    socket.on("open", () => {
      ask("join", { version: 1, token: tokenFor({ sub: account, room, role }) }, () => {
        hasJoined = true;
        joined.add(1);
        if (handAtMs !== undefined) {
          at(handAtMs, () => {
            ask("raiseHand", {}, () => undefined);
          });
        }
        at(leaveAtMs, () => {
          ask("leave", {}, () => {
            hasLeft = true;
          });
        });
      });
    });
    socket.on("message", (text) => {
      const message = JSON.parse(text) as ServerMessage;
      if ("event" in message) {
        if (message.event === "removed") giveUp("removed", `removed by the server: ${text}`);
        return;
      }
      const answered = message.id === null ? undefined : asked.get(message.id);
      if (!message.ok) {
        const { code, message: why } = message.error;
        giveUp("refused", `${code}: ${why}`);
      } else if (message.id === null || answered === undefined) {
        giveUp("protocol", "an answer to nothing that was asked");
      } else {
        asked.delete(message.id);
        const tookMs = Date.now() - answered.atMs;
        metrics[answered.name === "join" ? "signalling_join_ms" : "signalling_answer_ms"].add(tookMs);
        answered.done();
      }
    });
    socket.on("close", (code) => {
      if (!hasLeft) failure ??= { cause: "disconnected", message: `the connection closed (${code})` };
    });
    socket.on("error", (error) => {
      failure ??= { cause: "disconnected", message: error.error() };
    });
  });
  if (response.status !== 101) failure = { cause: "unreachable", message: response.error };
  const ok = hasJoined && hasLeft && failure === undefined;
  metrics.session_ok.add(ok);
  if (ok) return;
  metrics.session_errors.add(1);
  const { cause, message } = failure ?? { cause: "disconnected", message: "the connection closed early" };
  failed[cause].add(1);
  // oxlint-disable-next-line no-console -- the one way to tell `soundcheck run`, and whoever runs plain k6, why
  console.error(`${cause}: ${message}`);
}
