import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { exitCodes, SoundcheckError } from "../util/errors.ts";
import { agentCommand } from "./agent.ts";
import { doctorCommand } from "./doctor.ts";
import { overheadCommand } from "./overhead.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";

/** Where scenarios/, infra/ and node_modules/ are. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

function program(): Command {
  const command = new Command("soundcheck")
    .description("Rehearses an audio room before the crowd comes.")
    .showHelpAfterError("(soundcheck <command> --help shows what there is)")
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 pass, 1 fail, 2 bad input, 3 invalid, 4 set-up failed, 130 interrupted.\nResults go to stdout, progress to stderr.",
    );
  for (const sub of [
    runCommand(root),
    serveCommand(root),
    agentCommand(root),
    overheadCommand(root),
    tokenCommand(root),
    reportCommand(),
    doctorCommand(root),
  ]) {
    command.addCommand(
      sub.exitOverride().showHelpAfterError(`(soundcheck ${sub.name()} --help shows what there is)`),
    );
  }
  return command;
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.pass : exitCodes.badInput;
  if (error instanceof SoundcheckError) {
    process.stderr.write(`soundcheck: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
    return error.exitCode;
  }
  // A fault of ours: here the stack is what is wanted.
  process.stderr.write(
    `soundcheck: internal error\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return exitCodes.setupFailed;
}

// Whoever reads may go before the end (`| head`): that changes nothing about a run or its verdict.
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.stderr.write(`soundcheck: cannot write to stdout: ${error.message}\n`);
  process.exitCode = exitCodes.setupFailed;
});

try {
  await program().parseAsync();
} catch (error) {
  if (process.send !== undefined && error instanceof SoundcheckError) {
    process.send({ type: "failed", code: error.code, message: error.message, hint: error.hint });
  }
  process.exitCode = tell(error);
  if (process.connected) process.disconnect();
}
