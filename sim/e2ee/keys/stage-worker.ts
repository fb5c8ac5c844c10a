/** The thread behind stage-thread.ts: runs the {@link StageKeys} of many, one task after the other. */
import { parentPort } from "node:worker_threads";

import type { Answer, FromThread, ToThread } from "./_stage-messages.ts";
import { StageKeys } from "./stage-keys.ts";

const port = parentPort;
if (port === null) throw new Error("stage-worker.ts runs as a worker thread only");
const places = new Map<number, { readonly keys: StageKeys; cpuSeconds: number }>();
let work = Promise.resolve();

async function perform(message: ToThread, keys: StageKeys): Promise<Answer> {
  if (!places.has(message.place)) return { kind: "failed", message: "closed" };
  switch (message.kind) {
    case "open":
      return { kind: "opened", publicKey: Uint8Array.from(keys.publicKey) };
    case "begin":
      return { kind: "effects", effects: await keys.begin(message.options, message.nowMs) };
    case "perform":
      return { kind: "effects", effects: await keys.perform(message.task, message.nowMs) };
    case "close":
      places.delete(message.place);
      return { kind: "closed" };
  }
}

async function answer(message: ToThread): Promise<void> {
  const place = places.get(message.place) ?? { keys: new StageKeys(), cpuSeconds: 0 };
  if (message.kind === "open") places.set(message.place, place);
  const before = process.threadCpuUsage();
  const result = await perform(message, place.keys).catch((error: unknown): Answer => ({
    kind: "failed",
    message: String(error),
  }));
  const { user, system } = process.threadCpuUsage(before);
  place.cpuSeconds += (user + system) / 1e6;
  const sent: FromThread = { ...result, request: message.request, cpuSeconds: place.cpuSeconds };
  port?.postMessage(sent);
}

port.on("message", (message: ToThread) => {
  work = work.then(() => answer(message));
});
