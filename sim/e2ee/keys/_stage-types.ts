import type { MonotonicMs } from "../../util/clock.ts";
import type { StageMember } from "./_seats.ts";
import type { DealingOptions } from "./_stage-dealing.ts";
import type { SealedMessage } from "./key-distributor.ts";
import type { RoomSecret } from "./room-message.ts";
import type { Differences } from "./roster-trust.ts";

export type StageKeysOptions = DealingOptions & {
  /** In the audience it only receives, until a change brings it to the stage. */
  readonly self: StageMember;
  readonly others: readonly StageMember[];
  /** Above every generation that another may have dealt in this room unknown to us ({@link generationAt}). */
  readonly unknownGeneration: number;
};

export type StageTask =
  | { readonly kind: "here" | "changed"; readonly member: StageMember }
  | { readonly kind: "left"; readonly participantId: string }
  | { readonly kind: "sealed"; readonly from: string; readonly sealed: Uint8Array }
  /** An instant has come that {@link StageStatus.dueAt} said. */
  | { readonly kind: "due" };

export type StageStatus = {
  /** When the next `due` is wanted; null: never, as things are. */
  readonly dueAt: MonotonicMs | null;
  readonly isDealer: boolean;
  readonly rekeys: number;
  /** Messages refused, by whatever cause. */
  readonly refused: number;
  /** Distributors believed without the word of the one before. */
  readonly unvouched: number;
  readonly badPublicKeys: number;
  /** How many we deal to, the stage's group among them; 0 for who does not deal. */
  readonly dealtTo: number;
  /** The signed roster has a signature key for us that is not ours: somebody is on the stage in our name. */
  readonly isImpersonated: boolean;
  /** Null before there is a roster. */
  readonly differences: Differences | null;
  readonly safetyNumber: string | null;
};

export type StageEffects = {
  readonly messages: readonly SealedMessage[];
  /** `isStep`: to be spoken under at once; else once all have it. */
  readonly secrets: readonly (RoomSecret & { readonly isStep: boolean })[];
  /** Whom we deal to from now on and did not before, the stage's group among them. */
  readonly newlyDealtTo: readonly string[];
  readonly status: StageStatus;
};
