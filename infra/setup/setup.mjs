#!/usr/bin/env node
// Sees to it that all is there that Soundcheck needs. Runs on any Node from 18
// up, without a dependency; does nothing, in a moment, where nothing is missing.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "./checks.mjs";
import { installSystemPackages } from "./apt.mjs";
import { ensureK6, k6Need } from "./k6.mjs";
import { ensurePackages, nodeLink } from "./packages.mjs";
import { buildWorker, placeWorker, workerNeed } from "./worker.mjs";
import { ensureTestTools } from "./test-tools.mjs";
import { ensureWeb } from "./web.mjs";
import { say, SetupFailure, stopAll } from "./_progress.mjs";
import { takeLock } from "./_lock.mjs";

const usage = `usage: node infra/setup/setup.mjs [--check] | [--tests] [--then <command> [<argument>...]]
  installs what is missing: npm packages, Node 24, mediasoup's worker, k6; builds the browser client
  --tests  also what only the tests need: nftables, iproute2, chromium (where that is possible)
  --check  changes nothing; says as JSON what is there and what is not
  --then   runs a command afterwards, with Node 24 first on PATH`;

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const badInput = 2;
const setupFailed = 4;

/** @param {boolean} forTests */
async function install(forTests) {
  const cache = join(root, ".cache");
  const lock = await takeLock(join(cache, "set-up.lock"), {
    onWait: (pid) => say(`waiting for another set-up to end (process ${pid})`),
  });
  const scratch = join(cache, "tmp");
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    stopAll(signal);
    lock.release();
    process.exit(128 + constants.signals[signal]);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    // What an earlier set-up that was cut short left half done.
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
    await ensurePackages(root, lock.addHolder);
    const toBuild = !(await placeWorker(root, lock.addHolder));
    const needs = [...(toBuild ? [workerNeed(root)] : []), k6Need(root)];
    await installSystemPackages(root, needs, lock.addHolder);
    if (toBuild) await buildWorker(root, scratch, lock.addHolder);
    await ensureK6(root, scratch, lock.addHolder);
    await ensureWeb(root, scratch, lock.addHolder);
    if (forTests) await ensureTestTools(root, lock.addHolder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    lock.release();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/**
 * Runs a command, and ends as it ends.
 *
 * @param {string} command
 * @param {string[]} args
 */
function runAfterwards(command, args) {
  const path = `${dirname(nodeLink(root))}${delimiter}${process.env["PATH"] ?? ""}`;
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, PATH: path } });
  // On Ctrl-C the terminal tells the child itself; it decides when to end.
  process.on("SIGINT", () => void (process.stdin.isTTY || child.kill("SIGINT")));
  process.on("SIGTERM", () => void child.kill("SIGTERM"));
  child.on("error", (error) => {
    say(`error: ${command} could not be started: ${error.message}`);
    process.exitCode = setupFailed;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}

/** @param {unknown} error */
function fail(error) {
  if (!(error instanceof SetupFailure)) throw error;
  if (error.output) process.stderr.write(`${error.output.replace(/^/gm, "  | ")}\n`);
  say(`error: ${error.message}`);
  if (error.fix !== undefined) say(`to mend it: ${error.fix}`);
  process.exitCode = setupFailed;
}

const given = process.argv.slice(2);
const forTests = given[0] === "--tests";
const [flag, ...rest] = forTests ? given.slice(1) : given;
const [command, ...args] = rest;
if (flag === "--check" && command === undefined && !forTests) {
  const checks = check(root);
  process.stdout.write(`${JSON.stringify(checks, undefined, 2)}\n`);
  process.exitCode = checks.every((one) => one.ok || !one.required) ? 0 : setupFailed;
} else if (flag === undefined || (flag === "--then" && command !== undefined)) {
  try {
    await install(forTests);
    if (command === undefined) say("all is in place");
    else runAfterwards(command, args);
  } catch (error) {
    fail(error);
  }
} else {
  process.stderr.write(`${usage}\n`);
  process.exitCode = badInput;
}
