import pino from "pino";

export type Logger = pino.Logger;

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A JSON logger to stderr. Room and participant ids are logged, to find one's way;
 * tokens, names, addresses and sealed bytes never are.
 */
export function createServerLogger(level: LogLevel): Logger {
  return pino(
    { name: "room-server", level, redact: ["token", "*.token"] },
    pino.destination({ fd: 2, sync: true }),
  );
}
