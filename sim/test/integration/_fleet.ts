/** For tests of the fleet: a plan, and VUs without k6. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import {
  agentMessageSchema,
  type AgentMessage,
  type AgentMessageBody,
  type HostKind,
  type RunHandle,
} from "../../protocol/fleet.ts";
import type { RunPlan } from "../../protocol/run-plan.ts";

/** Where set-up and runs keep the speech corpus; made here when it is not there yet. */
export const corpusDirectory = fileURLToPath(new URL("../../../.cache/corpus", import.meta.url));

export function planOf(more: Partial<RunPlan> & { target: RunPlan["target"] }): RunPlan {
  return {
    runId: "run-1",
    scenario: "test",
    profile: "test",
    seed: "seed",
    room: "room",
    stage: { speakers: 1 },
    audience: { listeners: 3 },
    conversation: { model: "panel", seconds: 60 },
    audio: { bitrateBps: 32_000 },
    e2ee: { enabled: true, suite: "AES_128_GCM_SHA256_128", rekeyWindowSeconds: 0.5 },
    joinTimeoutSeconds: 10,
    lossHorizonSeconds: 1,
    samplesPerSecond: 1000,
    ...more,
  };
}

/** A VU as k6 would drive it, with all that it was told. */
export class Vu {
  readonly messages: AgentMessage[] = [];
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      this.messages.push(agentMessageSchema.parse(JSON.parse(data.toString())));
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        resolve();
      });
    });
    socket.on("error", () => {
      // `close` follows.
    });
  }

  static async join(run: RunHandle, kind: HostKind, index: number): Promise<Vu> {
    const socket = new WebSocket(run.hosts[kind][0] ?? "");
    const vu = new Vu(socket);
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "hello", version: 1, runId: run.runId, kind, index }));
    const joined = await vu.#until("joined");
    if (joined === undefined)
      throw new Error(`${kind} ${index} did not join: ${JSON.stringify(vu.messages)}`);
    return vu;
  }

  async leave(): Promise<AgentMessageBody<"final">> {
    this.#socket.send(JSON.stringify({ type: "leave" }));
    const final = await this.#until("final");
    if (final === undefined) throw new Error(`no final account: ${JSON.stringify(this.messages.slice(-3))}`);
    await this.closed;
    return final;
  }

  /** As a VU that k6 ends in the middle of it. */
  cut(): void {
    this.#socket.terminate();
  }

  /** What all digests and the final account say together. */
  get sums(): { sent: number; expected: number; received: number; lost: number } {
    const sums = { sent: 0, expected: 0, received: 0, lost: 0 };
    for (const message of this.messages) {
      if (message.type !== "digest" && message.type !== "final") continue;
      for (const key of ["sent", "expected", "received", "lost"] as const) sums[key] += message[key];
    }
    return sums;
  }

  /** The first message of a type; undefined when the session fails, or the socket closes, without one. */
  async #until<Type extends AgentMessage["type"]>(type: Type): Promise<AgentMessageBody<Type> | undefined> {
    const find = (): AgentMessageBody<Type> | undefined =>
      this.messages.find((message): message is AgentMessageBody<Type> => message.type === type);
    const hasFailed = (): boolean => this.messages.some((message) => message.type === "failed");
    while (find() === undefined && !hasFailed() && this.#socket.readyState === WebSocket.OPEN) {
      await Promise.race([once(this.#socket, "message"), this.closed]);
    }
    if (find() === undefined) this.#socket.close();
    return find();
  }
}
