import { StageThread } from "../e2ee/keys/stage-thread.ts";

/** One thread serves all the speakers of a process: ten threads take ten times the memory. */
let shared: { readonly thread: StageThread; users: number } | undefined;

export type SharedThread = {
  readonly thread: StageThread;
  /** The last to do so ends the thread; may be called twice. */
  release(): Promise<void>;
};

export function takeStageThread(): SharedThread {
  const taken = (shared ??= { thread: new StageThread(), users: 0 });
  taken.users++;
  let isReleased = false;
  return {
    thread: taken.thread,
    async release() {
      if (isReleased) return;
      isReleased = true;
      if (--taken.users > 0) return;
      if (shared === taken) shared = undefined;
      await taken.thread.close();
    },
  };
}
