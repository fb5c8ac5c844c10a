import { defineConfig } from "vitest/config";

const minuteMs = 60_000;

/** Tests that share the machine with nothing, since they measure, or fill it. */
function oneFileAtATime(name: string, groupOrder: number, testTimeout: number) {
  return {
    test: {
      name,
      include: [`sim/test/${name}/**/*.test.ts`],
      fileParallelism: false,
      sequence: { groupOrder },
      testTimeout,
      hookTimeout: minuteMs,
    },
  };
}

export default defineConfig({
  test: {
    reporters: ["default", "./infra/test/closing-line-reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["sim/**/*.test.ts", "infra/**/*.test.ts"],
          exclude: ["sim/test/{integration,browser,e2e,acceptance}/**", "**/node_modules/**"],
          sequence: { groupOrder: 0 },
          // Properties are tried hundreds of times; on a busy machine that takes its time.
          testTimeout: minuteMs,
        },
      },
      oneFileAtATime("integration", 1, minuteMs),
      oneFileAtATime("browser", 2, minuteMs),
      oneFileAtATime("e2e", 3, 5 * minuteMs),
      oneFileAtATime("acceptance", 4, 15 * minuteMs),
    ],
  },
});
