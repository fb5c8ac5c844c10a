import { defineConfig } from "oxlint";
import { importDirections } from "./infra/lint/folders.ts";

const clock = "Take a Clock (sim/util/clock.ts), so that a test can set the time.";
const random = "Take a Random (sim/util/random.ts), so that a run can be repeated from its seed.";

export default defineConfig({
  ignorePatterns: ["node_modules", "out", "runs", ".cache", "dist", "coverage"],
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "node", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
    "no-console": "error",
    "no-restricted-properties": [
      "error",
      { object: "Date", property: "now", message: clock },
      { object: "Math", property: "random", message: random },
      { object: "process", property: "exit", message: "Set process.exitCode and let the loop drain." },
    ],
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/only-throw-error": "error",
    "typescript/switch-exhaustiveness-check": "error",
    // Where these complain, the code is as meant: a copy of a collection that the
    // loop changes, a typed array's element, an object that registers itself, a
    // loop whose end a callback decides.
    "import/no-named-as-default-member": "off",
    "no-new": "off",
    "no-underscore-dangle": "off",
    "no-unmodified-loop-condition": "off",
    "promise/always-return": "off",
    "promise/no-promise-in-callback": "off",
    "typescript/consistent-return": "off",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/no-misused-spread": "off",
    "typescript/unbound-method": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/no-useless-spread": "off",
    "unicorn/require-post-message-target-origin": "off",
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    // Assertions stand in helpers, and in fast-check properties.
    "vitest/expect-expect": "off",
  },
  overrides: [
    ...importDirections(),
    {
      // Of sim/ a k6 script takes types: k6 would load the file.
      files: ["scenarios/**/*.ts"],
      rules: {
        "import/no-default-export": "off",
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              {
                regex: "^(\\.\\./)+sim/",
                allowTypeImports: true,
                message: "Scenarios import only types of sim/ (infra/lint/folders.ts).",
              },
            ],
          },
        ],
      },
    },
    { files: ["*.config.ts", "infra/test/*-reporter.ts"], rules: { "import/no-default-export": "off" } },
    {
      files: ["**/*.test.ts"],
      rules: {
        "max-lines": "off",
        // A test may hold two folders against each other.
        "no-restricted-imports": "off",
        "vitest/no-conditional-expect": "off",
      },
    },
    { files: ["sim/cli/**"], rules: { "no-console": "off" } },
    {
      // Entry points: they make the clocks and seeds that the others take.
      files: [
        "scenarios/**",
        "sim/test/**",
        "sim/cli/**",
        "sim/util/clock.ts",
        "sim/util/random.ts",
        "sim/**/*-main.ts",
        "infra/setup/setup.mjs",
      ],
      rules: { "no-restricted-properties": "off" },
    },
  ],
});
