/** `soundcheck overhead` from nothing to its reports. */
import { join } from "node:path";
import { overheadSchema, overheadSchemaVersion, type Overhead } from "../protocol/overhead.ts";
import { formatOverheadHtml } from "../report/overhead-html.ts";
import { pretty } from "../report/json.ts";
import { describeEnvironment, findTools } from "../run/environment.ts";
import { createRunDirectory, runIdOf, writeFileWhole } from "../run/run-directory.ts";
import { InterruptedError } from "../util/errors.ts";
import { createRandom } from "../util/random.ts";
import { measureWallOffsetMs, systemClock } from "../util/clock.ts";
import { browserCost } from "./browser-cost.ts";
import { clientCosts, harnessCosts, nativeCosts } from "./crypto-cost.ts";
import { liveRoomBitrateBps } from "./live-room.ts";
import { differencesOf, measureBlocks } from "./overhead.ts";
import { rekeyCost } from "./rekey-cost.ts";

const rekeyListeners = [100, 1000, 5000];

type Suites = Overhead["differences"][number]["suite"][];

/** Throws an InterruptedError when not one round was whole before `signal`; no directory is left then. */
export async function runOverhead(options: {
  root: string;
  room: Omit<Overhead["room"], "bitrateBps">;
  suites: Suites;
  seed: string;
  out: string;
  command: string;
  signal: AbortSignal;
  onPhase(text: string): void;
}): Promise<{ overhead: Overhead; directory: string }> {
  const { root, suites, seed, signal, onPhase } = options;
  findTools(root, true);
  const startMs = systemClock.now();
  const startedMs = startMs + measureWallOffsetMs();
  const room = { ...options.room, bitrateBps: liveRoomBitrateBps };

  onPhase("a frame by itself: node:crypto, the harness's engine, OpenSSL");
  const client = clientCosts(suites);
  const harness = harnessCosts(suites);
  const native = await nativeCosts(suites);
  onPhase(`a leave is answered: ${rekeyListeners.join(", ")} listeners`);
  const rekey = rekeyListeners.map(rekeyCost);
  const { blocks, interrupted } = await measureBlocks({ room, suites, seed, signal, onBlock: onPhase });
  if (interrupted && blocks.length === 0) throw new InterruptedError();
  const browser = await browserCost({
    root,
    rounds: room.rounds,
    seconds: room.talkSeconds,
    random: createRandom(seed).fork("browser"),
    signal,
    onRound: onPhase,
  });

  const {
    k6: _k6,
    scenarioHash: _hash,
    ...environment
  } = describeEnvironment({
    root,
    k6Version: "",
    ownServer: true,
    scenarioHash: "",
    command: options.command,
  });
  const overhead: Overhead = {
    schema: overheadSchemaVersion,
    startedAt: new Date(startedMs).toISOString(),
    durationSeconds: (systemClock.now() - startMs) / 1000,
    seed,
    interrupted,
    environment,
    room,
    client,
    harness,
    native,
    browser,
    rekey,
    blocks,
    differences: differencesOf(blocks, createRandom(seed).fork("bootstrap")),
  };
  const directory = join(options.out, runIdOf("overhead", startedMs));
  createRunDirectory(directory);
  writeFileWhole(join(directory, "overhead.json"), `${pretty(overheadSchema.parse(overhead))}\n`);
  writeFileWhole(join(directory, "report.html"), formatOverheadHtml(overhead));
  return { overhead, directory };
}
