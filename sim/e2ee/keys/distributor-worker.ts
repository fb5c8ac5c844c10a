/** The thread behind distributor-thread.ts: runs a {@link KeyDistributor} and answers batches of tasks. */
import { parentPort, workerData } from "node:worker_threads";

import { packMessages } from "./_distributor-messages.ts";
import type { Batch, DistributorStatus, Task } from "./_distributor-messages.ts";
import { KeyDistributor } from "./key-distributor.ts";
import type { KeyDistributorOptions, SealedMessage } from "./key-distributor.ts";

const port = parentPort;
if (port === null) throw new Error("distributor-worker.ts runs as a worker thread only");
const options: KeyDistributorOptions = workerData;
const distributor = new KeyDistributor(options);
const cpuAtStart = process.threadCpuUsage();
let badPublicKeys = 0;

function perform(task: Task): SealedMessage[] {
  switch (task.kind) {
    case "welcome": {
      const sealed: SealedMessage[] = [];
      for (const member of task.members) {
        const outcome = distributor.welcome(member);
        if (outcome.kind === "sealed") sealed.push(outcome);
        else badPublicKeys++;
      }
      return sealed;
    }
    case "remove":
      distributor.remove(task.participantId, task.nowMs);
      return [];
    case "rekey":
      return distributor.rekey().messages;
    case "current":
      return [];
  }
}

function status(): DistributorStatus {
  const { user, system } = process.threadCpuUsage(cpuAtStart);
  return {
    rekeyDueAt: distributor.rekeyDueAt,
    badPublicKeys,
    cpuSeconds: (user + system) / 1e6,
  };
}

function answer(tasks: readonly Task[]): void {
  const results = tasks.map((task) => ({
    messages: packMessages(perform(task)),
    current: distributor.current,
  }));
  const batch: Batch = { results, status: status() };
  port?.postMessage(
    batch,
    results.map(({ messages }) => messages.bytes.buffer),
  );
}

port.on("message", answer);
answer([]);
