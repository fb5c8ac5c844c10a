/** The same town hall again and again: the verdict must not depend on luck. */
import { expect, test } from "vitest";
import { soundcheck } from "../e2e/_soundcheck.ts";

const repeats = 5;

test(`a town hall passes ${repeats} times in a row, with the same talk each time`, async () => {
  const expected: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { exitCode, result, stdout } = await soundcheck(["run", "town-hall"]);
    expect(stdout).toMatch(/^PASS/);
    expect(exitCode).toBe(0);
    expect(result?.packets.lost).toBe(0);
    expected.push(result?.packets.expected ?? 0);
  }
  // The talk is the same to the frame; who joined or left between which two frames is not.
  expect(Math.max(...expected) / Math.min(...expected)).toBeLessThan(1.01);
});
