/**
 * What end-to-end encryption costs: rooms with and without it, block by block, in rounds that have
 * every condition once in an order drawn by the seed, so that what the machine does meanwhile
 * falls on all alike. Compared within rounds.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  overheadFigureIds,
  type Overhead,
  type OverheadBlock,
  type OverheadDifference,
  type OverheadFigureId,
} from "../protocol/overhead.ts";
import type { cipherSuiteNames } from "../protocol/run-plan.ts";
import type { Merged } from "../run/merge.ts";
import { harnessLimits } from "../verdict/harness-limits.ts";
import { InterruptedError } from "../util/errors.ts";
import { createRandom, type Random } from "../util/random.ts";
import { mean, meanInterval, shuffled } from "./bootstrap.ts";
import { withLiveRoom, type Usage } from "./live-room.ts";

type CipherSuiteName = (typeof cipherSuiteNames)[number];

export type OverheadRoom = Overhead["room"];

/** Keys are dealt, JavaScript has warmed up: then it is measured. */
const settleMs = 3000;
const streamPacketsPerSecond = 50;

/** All blocks, or, when `signal` comes first, those of the rounds that were whole by then. */
export async function measureBlocks(options: {
  room: OverheadRoom;
  suites: readonly CipherSuiteName[];
  seed: string;
  signal: AbortSignal;
  onBlock(text: string): void;
}): Promise<{ blocks: OverheadBlock[]; interrupted: boolean }> {
  const { room, suites, seed, signal } = options;
  const random = createRandom(seed);
  const blocks: OverheadBlock[] = [];
  for (let round = 0; round < room.rounds; round++) {
    const conditions = shuffled<CipherSuiteName | null>([null, ...suites], random.fork(`round:${round}`));
    const done: OverheadBlock[] = [];
    for (const suite of conditions) {
      options.onBlock(`round ${round + 1} of ${room.rounds}: ${suite ?? "without encryption"}`);
      try {
        done.push(await measureBlock({ room, suite, seed: `${seed}/${round}`, round, signal }));
      } catch (error) {
        if (signal.aborted) return { blocks, interrupted: true };
        throw error;
      }
    }
    blocks.push(...done);
  }
  return { blocks, interrupted: false };
}

function measureBlock(options: {
  room: OverheadRoom;
  suite: CipherSuiteName | null;
  seed: string;
  round: number;
  signal: AbortSignal;
}): Promise<OverheadBlock> {
  const { room, suite, seed, round, signal } = options;
  const wait = async (ms: number): Promise<void> => {
    await delay(ms, undefined, { signal }).catch(() => {
      throw new InterruptedError();
    });
  };
  const size = { speakers: room.speakers, listeners: room.listeners, suite, seed, bare: false };
  return withLiveRoom(
    size,
    "everyone",
    async ({ audience, joinStage, read, end }) => {
      await joinStage();
      await audience.join();
      await wait(settleMs);
      const [before, packetsBefore, beganMs] = [read(), await audience.packets(), performance.now()];
      await wait(room.talkSeconds * 1000);
      const [after, packetsAfter, endedMs] = [read(), await audience.packets(), performance.now()];
      const merged = await end();
      const { sent, received, lost } = merged.packets;
      return {
        round,
        suite,
        figures: figuresOf(merged, room, {
          before,
          after,
          seconds: (endedMs - beganMs) / 1000,
          sent: packetsAfter.sent - packetsBefore.sent,
          expected: packetsAfter.expected - packetsBefore.expected,
        }),
        packets: { sent, received, lost },
        doubts: doubtsOf(merged),
      };
    },
    signal,
  );
}

type Window = { before: Usage; after: Usage; seconds: number; sent: number; expected: number };

function figuresOf(merged: Merged, room: OverheadRoom, window: Window): OverheadBlock["figures"] {
  const { before, after, seconds, sent, expected } = window;
  const cpu = (kind: keyof Usage): number => after[kind].cpuSeconds - before[kind].cpuSeconds;
  const perPacket = (cpuSeconds: number, packets: number): number | null =>
    packets > 0 ? (cpuSeconds * 1e6) / packets : null;
  const share = (cpuSeconds: number, participants: number): number =>
    (100 * cpuSeconds) / seconds / participants;
  const ms = (id: keyof Merged["histograms"], q: number): number | null => {
    const quantile = merged.histograms[id]?.quantile(q);
    return quantile === undefined || quantile === null ? null : quantile * 1000;
  };
  const { packets } = merged;
  const packetBytes = packets.sent > 0 ? packets.sentBytes / packets.sent : null;
  return {
    speakerPacketCpu: perPacket(cpu("stage"), sent),
    listenerPacketCpu: perPacket(cpu("audience"), expected),
    serverPacketCpu: perPacket(cpu("server") + cpu("worker"), expected),
    speakerCpu: share(cpu("stage"), room.speakers),
    listenerCpu: share(cpu("audience"), room.listeners),
    mouthToEarP50: ms("mouth_to_ear", 0.5),
    mouthToEarP95: ms("mouth_to_ear", 0.95),
    mouthToEarP99: ms("mouth_to_ear", 0.99),
    packetBytes,
    streamBitrate: packetBytes === null ? null : (packetBytes * 8 * streamPacketsPerSecond) / 1000,
    joinP50: ms("join", 0.5),
    firstSoundP50: ms("first_sound", 0.5),
    firstSoundP95: ms("first_sound", 0.95),
  };
}

function doubtsOf({ histograms, failures, packets }: Merged): string[] {
  const doubts: string[] = [];
  const { limit } = harnessLimits["late-send-p99"];
  const late = histograms.late_send?.quantile(0.99) ?? null;
  if (late === null || late > limit) {
    const found = late === null ? "unknown" : `${(late * 1000).toFixed(1)} ms`;
    doubts.push(`sends were late: p99 ${found}, limit ${limit * 1000} ms`);
  }
  if (packets.lost > 0) doubts.push(`${packets.lost} of ${packets.expected} packets were lost`);
  for (const { cause, count, message } of failures) doubts.push(`${count} x ${cause}: ${message}`);
  return doubts;
}

/** Each figure of each suite against none, over the rounds in which both are known. */
export function differencesOf(blocks: readonly OverheadBlock[], random: Random): OverheadDifference[] {
  const suites = [...new Set(blocks.flatMap(({ suite }) => (suite === null ? [] : [suite])))].toSorted();
  return suites.flatMap((suite) =>
    overheadFigureIds.map((figure) => differenceOf(blocks, suite, figure, random.fork(`${suite}:${figure}`))),
  );
}

function differenceOf(
  blocks: readonly OverheadBlock[],
  suite: CipherSuiteName,
  figure: OverheadFigureId,
  random: Random,
): OverheadDifference {
  const pairs: { off: number; on: number }[] = [];
  for (const { round, suite: used, figures } of blocks) {
    if (used !== suite) continue;
    const on = figures[figure] ?? null;
    const off =
      blocks.find((other) => other.round === round && other.suite === null)?.figures[figure] ?? null;
    if (on !== null && off !== null) pairs.push({ off, on });
  }
  if (pairs.length === 0) {
    return { suite, figure, n: 0, off: null, on: null, difference: null, interval: null };
  }
  const differences = pairs.map(({ off, on }) => on - off);
  return {
    suite,
    figure,
    n: pairs.length,
    off: mean(pairs.map(({ off }) => off)),
    on: mean(pairs.map(({ on }) => on)),
    difference: mean(differences),
    interval: meanInterval(differences, random),
  };
}
