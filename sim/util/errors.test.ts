import { expect, test } from "vitest";
import { BadInputError, exitCodes, SetupError, SoundcheckError } from "./errors.ts";

test("an error keeps its code, what to do, and what caused it", () => {
  const cause = new Error("EACCES");
  const error = new SetupError("no-port", "port 80 is closed to us", { hint: "choose another", cause });
  expect(error).toBeInstanceOf(SoundcheckError);
  expect(error).toMatchObject({ name: "SetupError", code: "no-port", hint: "choose another", cause });
});

test("an error without a cause has no cause at all", () => {
  expect(Object.hasOwn(new SoundcheckError("x", "y"), "cause")).toBe(false);
});

test("each kind of error ends the command with its own exit code", () => {
  expect(new SoundcheckError("x", "y").exitCode).toBe(exitCodes.fail);
  expect(new BadInputError("x", "y").exitCode).toBe(exitCodes.badInput);
  expect(new SetupError("x", "y").exitCode).toBe(exitCodes.setupFailed);
  expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
});
