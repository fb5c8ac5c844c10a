/** What passes between the thread of the stage's keys and its owner. */
import type { MonotonicMs } from "../../util/clock.ts";
import type { StageEffects, StageKeysOptions, StageTask } from "./stage-keys.ts";

export type ToThread = { readonly place: number; readonly request: number } & (
  | { readonly kind: "open" }
  | { readonly kind: "begin"; readonly options: StageKeysOptions; readonly nowMs: MonotonicMs }
  | { readonly kind: "perform"; readonly task: StageTask; readonly nowMs: MonotonicMs }
  | { readonly kind: "close" }
);

export type Answer =
  | { readonly kind: "opened"; readonly publicKey: Uint8Array }
  | { readonly kind: "effects"; readonly effects: StageEffects }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "closed" };

/** `cpuSeconds`: CPU time that the place has taken so far. */
export type FromThread = Answer & { readonly request: number; readonly cpuSeconds: number };
