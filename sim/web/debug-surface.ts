import type { RoomClient } from "./room-client.ts";
import type { MediaStats } from "./stats.ts";
import type { State } from "./state.ts";
import type { Store } from "./store.ts";

/**
 * What tests and k6's browser module may look at: `window.soundcheck`. It changes
 * nothing, and holds no token, ticket or key.
 */
export type DebugSurface = {
  /** A copy of all that the page shows. */
  state(): State;
  /** Sums of `getStats()`; counts since media began. */
  stats(): Promise<MediaStats>;
};

declare global {
  interface Window {
    soundcheck: DebugSurface;
  }
}

export function exposeDebugSurface(store: Store, client: RoomClient): void {
  window.soundcheck = Object.freeze({
    state: () => structuredClone(store.state),
    stats: () => client.stats(),
  });
}
