import { InvalidArgumentError } from "commander";
import { seedSchema } from "../protocol/run-plan.ts";

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError("Expected a port from 0 (the system's choice) to 65535.");
  }
  return port;
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count))
    throw new InvalidArgumentError("Expected a whole number from 1.");
  return count;
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds > 86_400)
    throw new InvalidArgumentError("Expected whole seconds, a day (86400) at most.");
  return seconds;
}

export function parseSetting(text: string, settings: string[]): string[] {
  if (!/^\w+=[^,]+$/.test(text)) throw new InvalidArgumentError("Expected name=value.");
  return [...settings, text];
}

export function parseSeed(text: string): string {
  if (!seedSchema.safeParse(text).success)
    throw new InvalidArgumentError("Expected a text of 1 to 80 characters.");
  return text;
}

export function parseTarget(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new InvalidArgumentError("Expected a WebSocket address such as wss://rooms.example/room.");
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new InvalidArgumentError(`Expected ws:// or wss://, found ${url.protocol}//.`);
  }
  if (url.hash !== "" || text.endsWith("#")) {
    throw new InvalidArgumentError("A WebSocket address has no part after #.");
  }
  if (url.pathname === "/") url.pathname = "/room";
  return url.href;
}
