import { join, relative } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { isOverheadValid } from "../protocol/overhead.ts";
import { cipherSuiteNames } from "../protocol/run-plan.ts";
import { exitCodes } from "../util/errors.ts";
import { parseCount, parseSeed } from "./arguments.ts";
import { ProgressLine } from "./progress-line.ts";

type CipherSuiteName = (typeof cipherSuiteNames)[number];
type Flags = {
  listeners: number;
  speakers: number;
  rounds: number;
  seconds: number;
  suites: CipherSuiteName[];
  seed: string;
  out: string;
};

const defaultSuite: CipherSuiteName = "AES_128_GCM_SHA256_128";
const mostSpeakers = 64;

export function overheadCommand(root: string): Command {
  return new Command("overhead")
    .description("Measures what end-to-end encryption costs: the same rooms with and without it, in turn.")
    .option("--listeners <n>", "listeners in each room", parseCount, 100)
    .option("--speakers <n>", "speakers, who never pause", parseSpeakers, 2)
    .option("--rounds <n>", "how often each condition is measured; 3 at least for an interval", parseCount, 6)
    .option("--seconds <n>", "seconds of talk that are measured in each room", parseCount, 15)
    .option(
      "--suites <names>",
      `cipher suites, by comma, or all: ${cipherSuiteNames.join(", ")}`,
      parseSuites,
      [defaultSuite],
    )
    .option("--seed <text>", "same seed, same rooms in the same order", parseSeed, "1")
    .option("--out <directory>", "where the run directory goes", join(root, "runs"))
    .action(async (flags: Flags) => {
      const interrupt = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        process.on(signal, () => {
          interrupt.abort();
        });
      }
      const [{ runOverhead }, { formatOverheadConsole }] = await Promise.all([
        import("../experiment/run-overhead.ts"),
        import("../report/overhead-console.ts"),
      ]);
      using progress = new ProgressLine(process.stderr);
      const { overhead, directory } = await runOverhead({
        root,
        room: {
          listeners: flags.listeners,
          speakers: flags.speakers,
          rounds: flags.rounds,
          talkSeconds: flags.seconds,
        },
        suites: flags.suites,
        seed: flags.seed,
        out: flags.out,
        command: ["soundcheck", ...process.argv.slice(2)].join(" "),
        signal: interrupt.signal,
        onPhase: (text) => {
          progress.line(text);
        },
      });
      progress.clear();
      const shown = relative(process.cwd(), directory);
      process.stdout.write(
        `${formatOverheadConsole(overhead, shown.startsWith("..") ? directory : shown)}\n`,
      );
      const { interrupted } = overhead;
      process.exitCode = interrupted
        ? exitCodes.interrupted
        : isOverheadValid(overhead)
          ? exitCodes.pass
          : exitCodes.invalid;
    });
}

function parseSpeakers(text: string): number {
  const speakers = parseCount(text);
  if (speakers > mostSpeakers) throw new InvalidArgumentError(`Expected ${mostSpeakers} at most.`);
  return speakers;
}

function parseSuites(text: string): CipherSuiteName[] {
  if (text === "all") return [...cipherSuiteNames];
  return text.split(",").map((name) => {
    const suite = cipherSuiteNames.find((known) => known === name);
    if (suite === undefined) {
      throw new InvalidArgumentError(`Expected all, or some of ${cipherSuiteNames.join(", ")}.`);
    }
    return suite;
  });
}
