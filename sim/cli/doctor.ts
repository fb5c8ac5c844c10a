import { Command } from "commander";
import { check } from "../../infra/setup/checks.mjs";
import { exitCodes } from "../util/errors.ts";

export function doctorCommand(root: string): Command {
  return new Command("doctor")
    .description("Tells what is there and what is missing, with the one line that mends it.")
    .action(() => {
      const checks = check(root);
      for (const { name, ok, found, required, why, fix } of checks) {
        const mark = ok ? "ok     " : required ? "MISSING" : "absent ";
        process.stdout.write(`${mark} ${name.padEnd(22)} ${found ?? "not found"}\n`);
        if (!ok) process.stdout.write(`        ${why}\n        mend: ${fix}\n`);
      }
      if (checks.some(({ ok, required }) => required && !ok)) process.exitCode = exitCodes.setupFailed;
    });
}
