import type { RoomClient } from "./room-client.ts";
import type { Sounds } from "./sounds.ts";
import type { MediaStats } from "./stats.ts";
import type { State } from "./state.ts";
import type { Store } from "./store.ts";
import type { Heard, HeardChirp, Joining } from "./surface.ts";

/**
 * What tests and k6's browser module may look at: `window.soundcheck`. It changes
 * nothing that anybody sees or hears, and holds no token, ticket or key.
 */
export type DebugSurface = {
  /** A copy of all that the page shows. */
  state(): State;
  /** Sums of `getStats()`; counts since media began. */
  stats(): Promise<MediaStats>;
  joining(): Joining;
  /** Begins to look for chirps (sim/audio/chirp.ts) in what the page plays. */
  listen(): Promise<void>;
  heard(): Heard;
};

declare global {
  interface Window {
    soundcheck: DebugSurface;
  }
}

export function exposeDebugSurface(store: Store, client: RoomClient, sounds: Sounds): void {
  let begunAtUnixMs: number | null = null;
  let ear: { take(): HeardChirp[]; readonly outputMs: number } | undefined;
  store.subscribe(() => {
    if (store.state.phase.kind === "joining") begunAtUnixMs ??= performance.timeOrigin + performance.now();
  });
  window.soundcheck = Object.freeze({
    state: () => structuredClone(store.state),
    stats: () => client.stats(),
    joining: () => ({ begunAtUnixMs, connectedAtUnixMs: sounds.connectedAtUnixMs }),
    listen: async () => {
      // For rehearsals alone: nobody else has it to load.
      const { Ear } = await import("./heard.ts");
      ear ??= await Ear.open(() => sounds.tracks);
    },
    heard: () => ({ chirps: ear?.take() ?? [], outputMs: ear?.outputMs ?? 0 }),
  });
}
