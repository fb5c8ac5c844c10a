/** What it costs that somebody leaves: the key protocol alone, with as many listeners as asked, without media. */
import { KeyDistributor } from "../e2ee/keys/key-distributor.ts";
import { KeyMember } from "../e2ee/keys/key-member.ts";
import type { Overhead } from "../protocol/overhead.ts";
import { monotonicMs } from "../util/clock.ts";

type RekeyCost = Overhead["rekey"][number];

const roomId = "rekey";
const repeats = 5;
/** So many of the listeners really open what is sent to them. */
const openers = 50;

/** Medians over some leaves, after one that warms up. */
export function rekeyCost(listeners: number): RekeyCost {
  const distributor = new KeyDistributor({ roomId, nowMs: monotonicMs(0) });
  const members = Array.from({ length: Math.min(openers, listeners) }, () => new KeyMember());
  // Who leaves, one after the other.
  const leavers = Array.from({ length: repeats + 1 }, (_, index) => `leaver-${index}`);
  const names = [...Array.from({ length: listeners }, (_, index) => `listener-${index}`), ...leavers];
  names.forEach((participantId, index) => {
    const member = index < members.length ? members[index] : undefined;
    member?.joined({ roomId, participantId });
    const publicKey = (member ?? members[0])?.publicKey ?? new Uint8Array(0);
    const welcome = distributor.welcome({ participantId, publicKey }, monotonicMs(0));
    if (welcome.kind === "refused") throw new Error("a good key was refused");
    member?.open(welcome.sealed);
  });
  const distributorMs: number[] = [];
  const memberMicroseconds: number[] = [];
  let bytes = 0;
  leavers.forEach((leaver, index) => {
    const now = monotonicMs(10_000 * (index + 1));
    distributor.remove(leaver, now);
    let begun = process.cpuUsage();
    const { messages } = distributor.rekey(now);
    const dealt = cpuMicroseconds(begun);
    bytes = messages.reduce((sum, { sealed }) => sum + sealed.length, 0);
    begun = process.cpuUsage();
    members.forEach((member, at) => {
      const opened = member.open(messages[at]?.sealed ?? new Uint8Array(0));
      if (opened.kind !== "secret") throw new Error(`a member could not open its rekey: ${opened.kind}`);
    });
    const opening = cpuMicroseconds(begun) / members.length;
    if (index === 0) return;
    distributorMs.push(dealt / 1000);
    memberMicroseconds.push(opening);
  });
  return {
    listeners,
    n: repeats,
    distributorMs: median(distributorMs),
    memberMicroseconds: median(memberMicroseconds),
    bytes,
  };
}

function cpuMicroseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
