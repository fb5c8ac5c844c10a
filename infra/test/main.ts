// What `npm test` and `npm run verify` run: first the checks by tools (format,
// lint, types, dead code), then vitest, with the arguments given.
import { spawn } from "node:child_process";

const checks = [
  { name: "format", command: "oxfmt", args: ["--check"], mend: "npm run format" },
  { name: "lint", command: "oxlint", args: ["--type-aware"] },
  { name: "types", command: "tsc", args: ["-p", "."] },
  { name: "types of scenarios", command: "tsc", args: ["-p", "scenarios"] },
  { name: "types of the browser client", command: "tsc", args: ["-p", "sim/web"] },
  { name: "dead code", command: "knip", args: ["--no-progress"] },
];

/** Resolves with the exit code; `output` gets all that the program prints, or the terminal when left out. */
function run(command: string, args: readonly string[], output?: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: output === undefined ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    child.stdout?.on("data", (chunk: Buffer) => output?.push(chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => output?.push(chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function allChecksHold(): Promise<boolean> {
  let hold = true;
  for (const { name, command, args, mend } of checks) {
    const output: string[] = [];
    const begunMs = performance.now();
    const code = await run(command, args, output);
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(1);
    process.stderr.write(`${code === 0 ? "✓" : "✗"} ${name} (${seconds} s)\n`);
    if (code === 0) continue;
    hold = false;
    process.stderr.write(`${output.join("")}\n`);
    if (mend !== undefined) process.stderr.write(`to mend it: ${mend}\n`);
  }
  return hold;
}

const args = process.argv.slice(2);
// On Ctrl-C the tools end by themselves, and this with them.
process.on("SIGINT", () => undefined);
if (await allChecksHold()) {
  const projects = args.includes("--project") ? [] : ["--project", "!acceptance"];
  process.exitCode = await run("vitest", ["run", ...projects, ...args]);
} else {
  process.exitCode = 1;
}
