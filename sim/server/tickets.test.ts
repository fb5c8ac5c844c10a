import { describe, expect, test } from "vitest";
import { monotonicMs } from "../util/clock.ts";
import { Tickets } from "./tickets.ts";

const claims = { sub: "a", room: "r", role: "listener", name: "A", exp: 1 } as const;

function tickets(maxOpen = 10) {
  const clock = { at: 0, now: () => monotonicMs(clock.at) };
  return { clock, tickets: new Tickets({ clock, lifetimeMs: 30_000, maxOpen }) };
}
const refused = expect.objectContaining({ code: "bad-token" });

describe("a ticket", () => {
  test("stands for the token that it was got with, once", () => {
    const { tickets: some } = tickets();
    const { ticket, expiresInMs } = some.issue(claims);
    expect(expiresInMs).toBe(30_000);
    expect(some.redeem(ticket)).toEqual(claims);
    expect(() => some.redeem(ticket)).toThrow(refused);
  });

  test("is good until its time, and not after", () => {
    const { clock, tickets: some } = tickets();
    const [early, late] = [some.issue(claims).ticket, some.issue(claims).ticket];
    clock.at = 29_999;
    expect(some.redeem(early)).toEqual(claims);
    clock.at = 30_000;
    expect(() => some.redeem(late)).toThrow(refused);
  });

  test("that nobody issued is refused", () => {
    const { tickets: some } = tickets();
    some.issue(claims);
    for (const wrong of ["", "a", "__proto__", "x".repeat(64)])
      expect(() => some.redeem(wrong)).toThrow(refused);
  });

  test("is unlike any other, and says nothing of who it is for", () => {
    const { tickets: some } = tickets(1000);
    const all = Array.from({ length: 1000 }, () => some.issue(claims).ticket);
    expect(new Set(all).size).toBe(1000);
    for (const ticket of all) expect(ticket).toMatch(/^[\w-]{32}$/);
  });

  test("is not issued while too many are open; those that are used or have expired are not", () => {
    const { clock, tickets: some } = tickets(3);
    const [first] = [1, 2, 3].map(() => some.issue(claims).ticket);
    expect(() => some.issue(claims)).toThrow(expect.objectContaining({ code: "too-many-requests" }));
    some.redeem(first ?? "");
    some.issue(claims);
    clock.at = 30_000;
    some.issue(claims);
    expect(some.open).toBe(1);
  });
});
