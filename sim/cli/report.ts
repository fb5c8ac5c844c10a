import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { BadInputError } from "../util/errors.ts";

export function reportCommand(): Command {
  return new Command("report")
    .description("Makes a run's reports again, from its result.json, and shows the verdict.")
    .argument("<run>", "a run directory")
    .action(async (directory: string) => {
      const [{ formatConsole }, { parseResultJson }, { writeReports }] = await Promise.all([
        import("../report/console.ts"),
        import("../report/json.ts"),
        import("../run/run-directory.ts"),
      ]);
      const file = join(directory, "result.json");
      let text: string;
      try {
        text = readFileSync(file, "utf8");
      } catch (cause) {
        throw new BadInputError("no-result", `there is no ${file} to read`, {
          hint: "name the directory of a finished run, such as runs/<id>",
          cause,
        });
      }
      const result = parseResultJson(text, file);
      writeReports(directory, result);
      const color = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
      process.stdout.write(`${formatConsole(result, { color, directory })}\n`);
    });
}
