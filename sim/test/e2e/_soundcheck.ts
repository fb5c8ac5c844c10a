/** For end-to-end tests: runs the command as a process of its own and sees what is left of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { resultSchema, type Result } from "../../protocol/result.ts";

export const root = resolve(import.meta.dirname, "../../..");
const marker = "SOUNDCHECK_TEST_MARKER";

export type Finished = {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Undefined when no run directory was left. */
  result: Result | undefined;
  directory: string | undefined;
  /** From start to end. */
  seconds: number;
};

export type StartOptions = {
  env?: NodeJS.ProcessEnv;
  /** Goes before the command: nsenter, nice... */
  prefix?: readonly string[];
  cwd?: string;
  command?: string;
};

/** A command under way; its temporary directory goes with it. */
export class Soundcheck implements AsyncDisposable {
  readonly out = mkdtempSync(join(tmpdir(), "soundcheck-e2e-"));
  readonly #child: ChildProcess;
  readonly #marker = randomUUID();
  readonly #ended: Promise<number | null>;
  readonly #startMs = performance.now();
  #stdout = "";
  #stderr = "";
  #listeners = new Set<() => void>();

  constructor(args: readonly string[], options: StartOptions = {}) {
    const [command, ...rest] = [
      ...(options.prefix ?? []),
      options.command ?? join(root, "bin", "soundcheck"),
      ...args,
    ];
    const withOut = args[0] === "run" && !args.includes("--out") ? [...rest, "--out", this.out] : rest;
    // A process group of its own, as a shell gives each command: a Ctrl-C goes to all of it.
    this.#child = spawn(command as string, withOut, {
      detached: true,
      cwd: options.cwd ?? root,
      env: { ...process.env, NO_COLOR: "1", ...options.env, [marker]: this.#marker },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
      this.#tell();
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      this.#tell();
    });
    this.#ended = new Promise((resolveEnd) => {
      this.#child.once("close", (code) => {
        resolveEnd(code);
        this.#tell();
      });
    });
  }

  get output(): string {
    return `${this.#stdout}\n${this.#stderr}`;
  }

  /** Waits until what was printed matches; throws with all of it when the deadline comes first. */
  async until(pattern: RegExp, deadlineMs = 60_000): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    while (!pattern.test(this.output)) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || this.#child.exitCode !== null) {
        throw new Error(`${String(pattern)} was never printed:\n${this.output}`);
      }
      await new Promise<void>((wake) => {
        const timer = setTimeout(wake, Math.min(leftMs, 500));
        this.#listeners.add(() => {
          clearTimeout(timer);
          wake();
        });
      });
      this.#listeners.clear();
    }
  }

  async finish(): Promise<Finished> {
    const exitCode = await this.#ended;
    const [runId] = readdirSync(this.out);
    const directory = runId === undefined ? undefined : join(this.out, runId);
    const file = directory === undefined ? undefined : join(directory, "result.json");
    return {
      exitCode,
      stdout: this.#stdout,
      stderr: this.#stderr,
      directory,
      result:
        file !== undefined && existsSync(file)
          ? resultSchema.parse(JSON.parse(readFileSync(file, "utf8")))
          : undefined,
      seconds: (performance.now() - this.#startMs) / 1000,
    };
  }

  /** As Ctrl-C at a terminal: to the whole process group. */
  interrupt(): void {
    process.kill(-(this.#child.pid as number), "SIGINT");
  }

  /** Processes that this command started, however deep, and that still run: pid and command line. */
  processes(): { pid: number; command: string }[] {
    const runId = readdirSync(this.out)[0] ?? "no run yet";
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const environment = readFileSync(`/proc/${name}/environ`, "utf8");
          if (!environment.includes(`${marker}=${this.#marker}`) && !environment.includes(`RUN_ID=${runId}`))
            return [];
          const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
          return command === "" ? [] : [{ pid: Number(name), command }];
        } catch {
          return [];
        }
      });
  }

  /** The one process whose command line matches. */
  pidOf(pattern: RegExp): number {
    const found = this.processes().find(({ command }) => pattern.test(command));
    if (found === undefined) throw new Error(`no process matches ${String(pattern)}`);
    return found.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await this.#ended;
    rmSync(this.out, { recursive: true, force: true });
  }

  #tell(): void {
    for (const wake of this.#listeners) wake();
  }
}

/** Runs a command to its end. */
export async function soundcheck(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  await using command = new Soundcheck(args, options);
  return await command.finish();
}
