/** What passes between a distributor's thread and its owner: batches of tasks, answered in their order. */
import type { MonotonicMs } from "../../util/clock.ts";
import type { NewMember, RoomSecret, SealedMessage } from "./key-distributor.ts";

export type Task =
  | { readonly kind: "welcome"; readonly members: readonly NewMember[] }
  | { readonly kind: "remove"; readonly participantId: string; readonly nowMs: MonotonicMs }
  | { readonly kind: "rekey" }
  /** Does nothing but be answered, with the present secret. */
  | { readonly kind: "current" };

/**
 * Sealed messages of one length, end to end in one buffer: taking 5,000 out of a
 * message port costs 0.4 ms so, and 7 ms as arrays of their own.
 */
export type PackedMessages = { readonly to: readonly string[]; readonly bytes: Uint8Array<ArrayBuffer> };

export type DistributorStatus = {
  readonly rekeyDueAt: MonotonicMs | null;
  readonly badPublicKeys: number;
  /** CPU time that the thread has spent on tasks. */
  readonly cpuSeconds: number;
};

/** What a task brought forth, and the room's secret when it was done. */
export type TaskResult = { readonly messages: PackedMessages; readonly current: RoomSecret };

/** `results` has one entry for each task of the batch; the thread's first batch has none and says that it is there. */
export type Batch = { readonly results: readonly TaskResult[]; readonly status: DistributorStatus };

export function packMessages(messages: readonly SealedMessage[]): PackedMessages {
  const each = messages[0]?.sealed.length ?? 0;
  const bytes = new Uint8Array(messages.length * each);
  messages.forEach(({ sealed }, index) => bytes.set(sealed, index * each));
  return { to: messages.map(({ to }) => to), bytes };
}

export function unpackMessages({ to, bytes }: PackedMessages): SealedMessage[] {
  const each = to.length === 0 ? 0 : bytes.length / to.length;
  return to.map((recipient, index) => ({
    to: recipient,
    sealed: bytes.subarray(index * each, (index + 1) * each),
  }));
}
