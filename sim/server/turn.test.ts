import { expect, test } from "vitest";
import { turnServer } from "./turn.ts";

const settings = {
  urls: ["turn:turn.example:3478"],
  secret: "a secret of the relay",
  lifetimeSeconds: 3600,
};

test("credentials are what openssl makes of expiry, participant and secret", () => {
  // printf 1700003600:alice | openssl dgst -sha1 -hmac 'a secret of the relay' -binary | base64
  expect(turnServer(settings, "alice", 1_700_000_000.9)).toEqual({
    urls: ["turn:turn.example:3478"],
    username: "1700003600:alice",
    credential: "ILqqBT/h7PoOaHRcM0C4dcJOlyQ=",
  });
});

test("credentials differ by participant, by time and by secret", () => {
  const made = [
    turnServer(settings, "alice", 1_700_000_000),
    turnServer(settings, "bob", 1_700_000_000),
    turnServer(settings, "alice", 1_700_000_001),
    turnServer({ ...settings, secret: "another secret" }, "alice", 1_700_000_000),
  ];
  expect(new Set(made.map(({ credential }) => credential)).size).toBe(4);
});
