import { describe, expect, test } from "vitest";

import { monotonicMs } from "../../util/clock.ts";
import { RoomSecrets, oldGenerationLifetimeMs } from "./room-secrets.ts";

const secretOf = (generation: number): Uint8Array => new Uint8Array(32).fill(generation);
const at = monotonicMs;

describe("a member's secrets", () => {
  test("the newest is kept for good", () => {
    const secrets = new RoomSecrets();
    secrets.add(3, secretOf(3), at(0));
    expect(secrets.expire(at(1e9))).toEqual([]);
    expect(secrets.get(3, at(1e9))).toEqual(secretOf(3));
    expect(secrets.nextExpiryAt).toBeNull();
  });

  test("an old one is kept for 10 s after a newer one came, and not a moment longer", () => {
    const secrets = new RoomSecrets();
    secrets.add(0, secretOf(0), at(0));
    secrets.add(1, secretOf(1), at(60_000));
    const end = 60_000 + oldGenerationLifetimeMs;
    expect(secrets.nextExpiryAt).toBe(end);
    expect(secrets.get(0, at(end - 1))).toEqual(secretOf(0));
    expect(secrets.get(0, at(end))).toBeNull();
    expect(secrets.held(at(end))).toEqual([{ generation: 1, secret: secretOf(1) }]);
    expect(secrets.expire(at(end - 1))).toEqual([]);
    expect(secrets.expire(at(end))).toEqual([0]);
    expect(secrets.expire(at(end))).toEqual([]);
    expect(secrets.nextExpiryAt).toBeNull();
  });

  test("a still newer one does not prolong the oldest", () => {
    const secrets = new RoomSecrets();
    for (const generation of [0, 1, 2]) secrets.add(generation, secretOf(generation), at(generation * 5000));
    expect(secrets.held(at(14_999)).map(({ generation }) => generation)).toEqual([0, 1, 2]);
    expect(secrets.expire(at(15_000))).toEqual([0]);
    expect(secrets.expire(at(20_000))).toEqual([1]);
  });

  test("an older or repeated generation changes nothing", () => {
    const secrets = new RoomSecrets();
    secrets.add(5, secretOf(5), at(0));
    expect(secrets.add(5, secretOf(9), at(1))).toBe(false);
    expect(secrets.add(4, secretOf(9), at(1))).toBe(false);
    expect(secrets.held(at(1))).toEqual([{ generation: 5, secret: secretOf(5) }]);
  });

  test("a generation that never came is not there", () => {
    expect(new RoomSecrets().get(0, at(0))).toBeNull();
  });
});
