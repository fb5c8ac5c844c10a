/** The whole storm: nobody is refused, nobody waits. Two cores carry server and k6 together. */
import { expect, test } from "vitest";
import { soundcheck } from "../e2e/_soundcheck.ts";

test("2,000 clients join one room within 10 s without an error, 99 of 100 in less than a second", async ({
  annotate,
}) => {
  const { exitCode, result, stdout } = await soundcheck(["run", "signalling-storm"]);
  await annotate(stdout);
  expect(stdout).toMatch(/^PASS/);
  expect(exitCode).toBe(0);
  expect(result?.participants).toMatchObject({ joined: 2000, failed: 0 });
  expect(result?.signalling?.joinSeconds.n).toBe(2000);
  expect(result?.signalling?.joinSeconds.p99).toBeLessThan(1);
  expect(result?.harness.k6.droppedIterations).toBe(0);
});
