import type { Reporter } from "vitest/node";

type TestModules = Parameters<NonNullable<Reporter["onTestRunEnd"]>>[0];
type UnhandledErrors = Parameters<NonNullable<Reporter["onTestRunEnd"]>>[1];

/** Ends a test run with one line that people and machines can read: `12 passed, 0 failed`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: TestModules, unhandledErrors: UnhandledErrors): void {
    process.stdout.write(`${closingLine(modules, unhandledErrors)}\n`);
  }
}

/** A file that fails outside its tests, and an error that no test caught, count as failures. */
export function closingLine(modules: TestModules, unhandledErrors: UnhandledErrors): string {
  let passed = 0;
  let failed = unhandledErrors.length;
  let skipped = 0;
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "failed") failedHere += 1;
      else skipped += 1;
    }
    failed += module.state() === "failed" ? Math.max(1, failedHere) : failedHere;
  }
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
