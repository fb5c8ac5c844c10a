import { setTimeout as delay } from "node:timers/promises";
import type { Progress } from "../protocol/fleet.ts";
import type { SystemFailure } from "../verdict/facts.ts";
import type { AgentClient } from "./agent-client.ts";
import type { Ended, ManagedProcess } from "./processes.ts";

const pollMs = 1000;

/** Until k6 has ended, the system has died, or the run is interrupted. */
export async function watch(context: {
  signal: AbortSignal;
  onProgress(progress: Progress): void;
  /** Undefined: nobody tells of progress. */
  client: AgentClient | undefined;
  runId: string;
  k6: ManagedProcess;
  server: ManagedProcess | undefined;
  agent: ManagedProcess | undefined;
}): Promise<{ systemFailure: SystemFailure | null; last: Progress | undefined }> {
  const { signal, onProgress, client, runId, k6, server, agent } = context;
  const startMs = performance.now();
  let last: Progress | undefined;
  let systemFailure: SystemFailure | null = null;
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
  const died = server?.ended.then((ended) => {
    systemFailure = {
      kind: "exited",
      what: "room server",
      how: howEnded(ended),
      atSecond: Math.round((performance.now() - startMs) / 100) / 10,
    };
  });
  let over = false;
  const ends = [k6.ended, agent?.ended, aborted, died].filter((ending) => ending !== undefined);
  const end = Promise.race(ends).then(() => {
    over = true;
  });
  while (!over) {
    await Promise.race([end, delay(pollMs, undefined, { ref: false })]);
    if (over) break;
    const progress = await client?.progress(runId);
    if (progress === undefined) continue;
    last = progress;
    onProgress(progress);
  }
  return { systemFailure, last };
}

/** In words, after the name of what ended. */
export function howEnded({ code, signal }: Ended): string {
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
}
