import type { WallClock } from "../util/clock.ts";
import type { AuditAct, AuditEntry, Store } from "./store.ts";

/** What somebody with power over others did, where, and on whom. */
export type ModerationAct = {
  /** A participant's id; null: the admin API. */
  actorId: string | null;
  act: AuditAct;
  /** Null: the whole server. */
  roomId: string | null;
  targetId?: string | null;
};

type AuditLogOptions = {
  store: Pick<Store, "appendAudit">;
  clock: WallClock;
  onRecorded(act: ModerationAct): void;
  onFault(error: unknown): void;
};

/** Keeps account of moderation. */
export class AuditLog {
  readonly #options: AuditLogOptions;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /**
   * Writes down what was done. An act is not undone because it could not be written
   * down, so a store that fails is a fault of ours that is logged: this never rejects.
   */
  async record(act: ModerationAct): Promise<void> {
    const { store, clock, onRecorded, onFault } = this.#options;
    const entry: Omit<AuditEntry, "sequence"> = {
      atUnixMs: clock.nowUnixMs(),
      actorId: act.actorId,
      act: act.act,
      roomId: act.roomId,
      targetId: act.targetId ?? null,
    };
    onRecorded(act);
    try {
      await store.appendAudit(entry);
    } catch (error) {
      onFault(error);
    }
  }
}
