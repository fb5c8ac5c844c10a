/** For commands that serve until they are told to stop. */

/**
 * Says that it serves, to the run that started it or to whoever reads, and resolves when it is
 * time to stop: by SIGTERM or Ctrl-C, or, started by a run, when that run closes our IPC channel
 * or is gone. A run ends us itself, so its terminal's Ctrl-C is not ours.
 */
export function serveUntilStopped(url: string, line: string): Promise<void> {
  const stopped = untilStopped();
  // Only now: who reads it may stop us at once.
  if (process.send === undefined) process.stdout.write(`${line}\n`);
  else process.send({ type: "ready", url });
  return stopped;
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.on("SIGTERM", () => {
      resolve();
    });
    if (process.send === undefined) {
      process.on("SIGINT", () => {
        resolve();
      });
      return;
    }
    process.on("SIGINT", () => undefined);
    process.on("disconnect", () => {
      resolve();
    });
  });
}
