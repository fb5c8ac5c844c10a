import { join, relative } from "node:path";
import { Command, Option } from "commander";
import type { Outcome } from "../protocol/result.ts";
import { BadInputError, exitCodes } from "../util/errors.ts";
import { parseSeed, parseSetting, parseTarget } from "./arguments.ts";
import { ProgressLine } from "./progress-line.ts";
import { secretFromEnvironment } from "./token-secret.ts";

type RunFlags = {
  profile?: string;
  set: string[];
  seed: string;
  e2ee: "on" | "off";
  target?: string;
  out: string;
};

const exitCodeOf: Record<Outcome, number> = {
  PASS: exitCodes.pass,
  FAIL: exitCodes.fail,
  INVALID: exitCodes.invalid,
};

export function runCommand(root: string): Command {
  return new Command("run")
    .description("Runs one scenario and gives its verdict.")
    .argument("<scenario>", "a name out of scenarios/, such as town-hall, or the path of a script")
    .option("--profile <name>", "size of the load: smoke, load, spike, soak (each scenario has its own)")
    .option(
      "--set <name=value>",
      "one parameter of the scenario, e.g. listeners=200; may be repeated",
      parseSetting,
      [],
    )
    .option("--seed <text>", "same seed, same personas, talkspurts and joins", parseSeed, "1")
    .addOption(
      new Option("--e2ee <on|off>", "end-to-end encryption of every frame")
        .choices(["on", "off"])
        .default("on"),
    )
    .option(
      "--target <url>",
      "a room server that runs elsewhere (ws:// or wss://); default: one of our own",
      parseTarget,
    )
    .option("--out <directory>", "where the run directory goes", join(root, "runs"))
    .action(async (scenario: string, flags: RunFlags) => {
      const interrupt = new AbortController();
      process.on("SIGINT", () => {
        interrupt.abort();
      });
      process.on("SIGTERM", () => {
        interrupt.abort();
      });
      const tokenSecret = secretFromEnvironment();
      if (flags.target !== undefined && tokenSecret === undefined) {
        throw new BadInputError(
          "token-secret-missing",
          "--target needs that server's secret in SOUNDCHECK_TOKEN_SECRET",
          {
            hint: "set it to the base64url secret that the server verifies tokens with",
          },
        );
      }
      const [{ runScenario }, { formatConsole, formatProgress }] = await Promise.all([
        import("../run/run.ts"),
        import("../report/console.ts"),
      ]);
      using progress = new ProgressLine(process.stderr);
      const { result, directory, interrupted } = await runScenario({
        root,
        cli: join(root, "sim", "cli", "main.ts"),
        scenario,
        profile: flags.profile,
        set: flags.set,
        seed: flags.seed,
        e2ee: flags.e2ee === "on",
        target: flags.target,
        tokenSecret: flags.target === undefined ? undefined : tokenSecret,
        out: flags.out,
        command: ["soundcheck", ...process.argv.slice(2)].join(" "),
        signal: interrupt.signal,
        onPhase: (text) => {
          progress.line(text);
        },
        onProgress: (state) => {
          progress.update(formatProgress(state));
        },
      });
      progress.clear();
      const shown = relative(process.cwd(), directory);
      const color = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
      process.stdout.write(
        `${formatConsole(result, { color, directory: shown.startsWith("..") ? directory : shown })}\n`,
      );
      process.exitCode = interrupted ? exitCodes.interrupted : exitCodeOf[result.verdict.outcome];
    });
}
