/** The exit codes of the `soundcheck` command; README lists them too. */
export const exitCodes = {
  pass: 0,
  fail: 1,
  badInput: 2,
  invalid: 3,
  setupFailed: 4,
  interrupted: 130,
} as const;

/**
 * The base of all errors that a person may see. `code` is stable and lower-case
 * with dashes; `message` says what is wrong and where; `hint` says what to do.
 */
export class SoundcheckError extends Error {
  override name = "SoundcheckError";
  readonly code: string;
  readonly hint: string | undefined;
  /** What the command exits with when this error ends it. */
  readonly exitCode: number;

  constructor(
    code: string,
    message: string,
    options: { hint?: string | undefined; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.fail;
  }
}

/** Input from outside (flag, file, message) that does not fit. */
export class BadInputError extends SoundcheckError {
  override name = "BadInputError";

  constructor(code: string, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(code, message, { ...options, exitCode: exitCodes.badInput });
  }
}

/** Ctrl-C or SIGTERM, before there was anything to report. */
export class InterruptedError extends SoundcheckError {
  override name = "InterruptedError";

  constructor() {
    super("interrupted", "interrupted before anything was measured", { exitCode: exitCodes.interrupted });
  }
}

/** Something that the machine lacks, or that could not be started. */
export class SetupError extends SoundcheckError {
  override name = "SetupError";

  constructor(code: string, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(code, message, { ...options, exitCode: exitCodes.setupFailed });
  }
}
