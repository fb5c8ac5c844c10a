// What a person sees while set-up works, and how it runs other programs.
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What set-up cannot mend by itself. `fix` is one line that a person can act on, or copy. */
export class SetupFailure extends Error {
  /**
   * @param {string} message
   * @param {{ fix?: string, output?: string }} [details]
   */
  constructor(message, details = {}) {
    super(message);
    this.name = "SetupFailure";
    this.fix = details.fix;
    /** The last lines that a failed program printed. */
    this.output = details.output;
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** @param {number} sinceMs as of `performance.now()` */
export function secondsSince(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * Ends the programs started by `run`, with all that they started.
 *
 * @param {NodeJS.Signals} signal
 */
export function stopAll(signal) {
  for (const child of running) {
    if (child.pid !== undefined) {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It ended meanwhile.
      }
    }
  }
}

/**
 * Runs a program to its end. All that it prints goes to `log`; a person sees
 * only the newest progress: one line that changes on a terminal, elsewhere a
 * line every 10 seconds.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{
 *   log: string,
 *   cwd?: string,
 *   env?: NodeJS.ProcessEnv,
 *   timeoutMs?: number,
 *   progress?: (line: string) => string | undefined,
 *   onStart?: (pid: number) => void,
 * }} options `progress` turns a line of output into what is worth showing of it
 * @returns {Promise<void>} rejects with a SetupFailure
 */
export function run(command, args, options) {
  mkdirSync(dirname(options.log), { recursive: true });
  writeFileSync(options.log, `$ ${command} ${args.join(" ")}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, so that stopAll reaches the compilers too.
      detached: true,
    });
    running.add(child);
    if (child.pid !== undefined) options.onStart?.(child.pid);

    const shown = showNewest();
    /** @type {string[]} */
    let last = [];
    let rest = "";
    /** @param {Buffer} chunk */
    const onOutput = (chunk) => {
      appendFileSync(options.log, chunk);
      const lines = (rest + chunk.toString()).split(/\r?\n|\r/);
      rest = lines.pop() ?? "";
      last = [...last, ...lines].slice(-20);
      for (const line of lines) {
        const news = options.progress?.(line);
        if (news !== undefined) shown.update(news);
      }
    };
    child.stdout.on("data", onOutput);
    child.stderr.on("data", onOutput);

    let timedOut = false;
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(onTimeout, options.timeoutMs);
    function onTimeout() {
      timedOut = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }

    /** @param {string | undefined} problem */
    const end = (problem) => {
      running.delete(child);
      clearTimeout(timer);
      shown.end();
      if (problem === undefined) return resolve();
      const output = [...last, rest].filter((line) => line !== "").join("\n");
      reject(
        new SetupFailure(`${command} ${args[0] ?? ""} ${problem} (all it printed: ${options.log})`, {
          output,
        }),
      );
    };
    child.on("error", (error) => end(`could not be started: ${error.message}`));
    child.on("close", (code, signal) => {
      if (timedOut) end(`was given up after ${(options.timeoutMs ?? 0) / 1000} s`);
      else end(code === 0 ? undefined : `failed with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** A line that is written over on a terminal, and said again every 10 s elsewhere. */
function showNewest() {
  const terminal = process.stderr.isTTY;
  let newest = "";
  let said = "";
  const timer = setInterval(() => {
    if (terminal || newest === said) return;
    said = newest;
    say(`  ${newest}`);
  }, 10_000);
  return {
    /** @param {string} text */
    update(text) {
      newest = text;
      if (terminal) process.stderr.write(`\r\u001b[Kset-up:   ${text.slice(0, 100)}`);
    },
    end() {
      clearInterval(timer);
      if (terminal && newest !== "") process.stderr.write("\r\u001b[K");
    },
  };
}
