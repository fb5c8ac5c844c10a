import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { monotonicMs } from "../../util/clock.ts";
import { E2eeError } from "../errors.ts";
import { KeyDistributor, defaultRekeyWindowMs } from "./key-distributor.ts";
import { KeyMember } from "./key-member.ts";
import { maxGeneration, stepsPerEpoch } from "./kid.ts";

const roomId = "stage-one";
const now = monotonicMs(1000);

function memberOf(participantId: string, inRoom = roomId): KeyMember {
  const member = new KeyMember();
  member.joined({ roomId: inRoom, participantId });
  return member;
}

function welcome(distributor: KeyDistributor, participantId: string, member: KeyMember): Uint8Array {
  const outcome = distributor.welcome({ participantId, publicKey: member.publicKey });
  if (outcome.kind !== "sealed") throw new Error("refused");
  return outcome.sealed;
}

/** A room with one member, ada, who has opened her welcome. */
function room(): { distributor: KeyDistributor; ada: KeyMember; welcomed: Uint8Array } {
  const distributor = new KeyDistributor({ roomId });
  const ada = memberOf("ada");
  const welcomed = welcome(distributor, "ada", ada);
  expect(ada.open(welcomed)).toEqual({ kind: "secret", ...distributor.current, spoken: null });
  return { distributor, ada, welcomed };
}

function rekeyFor(distributor: KeyDistributor, participantId: string): Uint8Array {
  const message = distributor.rekey().messages.find(({ to }) => to === participantId);
  if (message === undefined) throw new Error("no message");
  return message.sealed;
}

describe("a distributor", () => {
  test("gives a member the present secret, and each fresh one after it", () => {
    const { distributor, ada } = room();
    for (let epoch = 1; epoch < 4; epoch++) {
      const { messages, ...fresh } = distributor.rekey();
      expect(fresh.generation).toBe(epoch * stepsPerEpoch);
      expect(fresh).toEqual(distributor.current);
      expect(messages.map(({ to }) => to)).toEqual(["ada"]);
      expect(ada.open(messages[0]?.sealed ?? new Uint8Array(0))).toEqual({
        kind: "secret",
        ...fresh,
        spoken: null,
      });
    }
  });

  test("sends 221 bytes and the roster at a join, and 47 for each fresh secret", () => {
    const { distributor, welcomed } = room();
    expect(welcomed.length).toBe(221 + distributor.roster.length);
    expect(rekeyFor(distributor, "ada").length).toBe(47);
  });

  test("owes a fresh secret one window after the first leave, however many follow", () => {
    const { distributor } = room();
    welcome(distributor, "bea", memberOf("bea"));
    expect(distributor.rekeyDue).toBe(false);
    distributor.remove("ada", monotonicMs(2000));
    distributor.remove("bea", monotonicMs(6000));
    expect(distributor.rekeyDueAt).toBe(2000 + defaultRekeyWindowMs);
    expect(distributor.rekeyDue).toBe(true);
    distributor.rekey();
    expect(distributor.rekeyDueAt).toBeNull();
  });

  test("owes nothing for somebody who never had the secret", () => {
    const { distributor } = room();
    expect(distributor.remove("nobody", now)).toBe(false);
    expect(distributor.rekeyDue).toBe(false);
  });

  test("refuses a public key that is none", () => {
    const distributor = new KeyDistributor({ roomId });
    for (const publicKey of [new Uint8Array(32), new Uint8Array(5)]) {
      expect(distributor.welcome({ participantId: "eve", publicKey })).toEqual({
        kind: "refused",
        to: "eve",
        cause: "bad-public-key",
      });
    }
    expect(distributor.memberCount).toBe(0);
  });

  test("draws a secret of its own each time", () => {
    const distributor = new KeyDistributor({ roomId });
    const secrets = Array.from({ length: 20 }, () => Buffer.from(distributor.rekey().secret).toString("hex"));
    expect(new Set(secrets).size).toBe(20);
  });

  test("goes on above its predecessor's generations, and ends with the last", () => {
    const distributor = new KeyDistributor({ roomId, firstGeneration: maxGeneration });
    expect(distributor.current.generation).toBe(maxGeneration);
    expect(() => distributor.rekey()).toThrow(E2eeError);
    expect(() => new KeyDistributor({ roomId, firstGeneration: -1 })).toThrow(E2eeError);
  });
});

describe("a member", () => {
  test("refuses a repeated secret", () => {
    const { distributor, ada, welcomed } = room();
    expect(ada.open(welcomed)).toEqual({ kind: "refused", cause: "stale" });
    const fresh = rekeyFor(distributor, "ada");
    expect(ada.open(fresh).kind).toBe("secret");
    expect(ada.open(fresh)).toEqual({ kind: "refused", cause: "stale" });
  });

  test("refuses to be rolled back to an older secret", () => {
    const { distributor, ada, welcomed } = room();
    const older = rekeyFor(distributor, "ada");
    expect(ada.open(rekeyFor(distributor, "ada")).kind).toBe("secret");
    expect(ada.open(older)).toEqual({ kind: "refused", cause: "stale" });
    expect(ada.open(welcomed)).toEqual({ kind: "refused", cause: "stale" });
  });

  test("refuses an old wrap that a server has given a newer number", () => {
    const { distributor, ada } = room();
    const old = rekeyFor(distributor, "ada");
    ada.open(old);
    const renumbered = Uint8Array.from(old);
    renumbered[5] = 9;
    expect(ada.open(renumbered)).toEqual({ kind: "refused", cause: "authentication" });
    expect(ada.open(rekeyFor(distributor, "ada")).kind).toBe("secret");
  });

  test("refuses what is for another member or another room", () => {
    const { distributor, ada } = room();
    const bea = memberOf("bea");
    const forBea = welcome(distributor, "bea", bea);
    expect(ada.open(forBea)).toEqual({ kind: "refused", cause: "authentication" });
    bea.open(forBea);
    expect(bea.open(rekeyFor(distributor, "ada"))).toEqual({ kind: "refused", cause: "authentication" });
    const elsewhere = memberOf("ada", "stage-two");
    const forHere = welcome(distributor, "ada", elsewhere);
    expect(elsewhere.open(forHere)).toEqual({ kind: "refused", cause: "authentication" });
    const renamed = memberOf("bob");
    expect(renamed.open(welcome(distributor, "ada", renamed))).toEqual({
      kind: "refused",
      cause: "authentication",
    });
  });

  test("refuses a wrap before its welcome, and anything before it knows who it is", () => {
    const { distributor } = room();
    const wrap = rekeyFor(distributor, "ada");
    expect(memberOf("ada").open(wrap)).toEqual({ kind: "refused", cause: "no-welcome" });
    const stranger = new KeyMember();
    expect(stranger.open(welcome(distributor, "ada", stranger))).toEqual({
      kind: "refused",
      cause: "not-joined",
    });
  });

  test("takes a second welcome once it is of a newer generation", () => {
    const { distributor, ada } = room();
    distributor.rekey();
    expect(ada.open(welcome(distributor, "ada", ada))).toMatchObject({
      kind: "secret",
      ...distributor.current,
    });
    expect(ada.open(rekeyFor(distributor, "ada")).kind).toBe("secret");
  });

  test("refuses truncated, prolonged, flipped and random bytes with a cause, and loses nothing by them", () => {
    const { distributor, ada } = room();
    const wrap = rekeyFor(distributor, "ada");
    const newcomer = memberOf("bea");
    const welcomed = welcome(distributor, "bea", newcomer);
    for (const [member, message] of [
      [ada, wrap],
      [newcomer, welcomed],
    ] as const) {
      for (let length = 0; length < message.length; length++) {
        expect(member.open(message.subarray(0, length)).kind).toBe("refused");
      }
      expect(member.open(Uint8Array.of(...message, 0)).kind).toBe("refused");
      for (let at = 0; at < message.length; at++) {
        const flipped = Uint8Array.from(message);
        flipped[at] = (flipped[at] ?? 0) ^ 0x40;
        expect(member.open(flipped).kind).toBe("refused");
      }
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2048 }), (noise) => {
          expect(member.open(noise).kind).toBe("refused");
          expect(
            member.open(Uint8Array.of(message[0] ?? 0, ...noise.subarray(0, message.length - 1))).kind,
          ).toBe("refused");
        }),
      );
      expect(member.open(message)).toMatchObject({ kind: "secret", ...distributor.current });
    }
  });
});

type Step = { readonly kind: "welcome" | "remove"; readonly who: number } | { readonly kind: "rekey" };

const anySteps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom("welcome" as const, "remove" as const), who: fc.nat({ max: 5 }) }),
    fc.constant({ kind: "rekey" as const }),
  ) satisfies fc.Arbitrary<Step>,
  { maxLength: 40 },
);

test("after any joins, leaves and rekeys the present members know the present secret and the removed do not", () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const distributor = new KeyDistributor({ roomId });
      /** Everybody who ever joined; each join is a member of its own, under an id that may come back. */
      const everybody: { id: string; member: KeyMember; isPresent: boolean; knows: Set<string> }[] = [];
      const present = (id: string) => everybody.find((entry) => entry.id === id && entry.isPresent);
      const deliver = (to: string, sealed: Uint8Array): void => {
        // The server may hand any message to anybody.
        for (const entry of everybody) {
          const opened = entry.member.open(sealed);
          if (opened.kind === "secret") entry.knows.add(Buffer.from(opened.secret).toString("hex"));
          expect(opened.kind === "secret").toBe(entry.isPresent && entry.id === to);
        }
      };
      const rekey = (): void => {
        for (const { to, sealed } of distributor.rekey().messages) deliver(to, sealed);
      };
      for (const step of steps) {
        if (step.kind === "rekey") {
          rekey();
          continue;
        }
        const id = `participant-${step.who}`;
        const entry = present(id);
        if (step.kind === "remove") {
          expect(distributor.remove(id, now)).toBe(entry !== undefined);
          if (entry !== undefined) entry.isPresent = false;
        } else if (entry === undefined) {
          const member = memberOf(id);
          everybody.push({ id, member, isPresent: true, knows: new Set() });
          deliver(id, welcome(distributor, id, member));
        }
      }
      if (distributor.rekeyDue) rekey();
      const secret = Buffer.from(distributor.current.secret).toString("hex");
      for (const { isPresent, knows } of everybody) expect(knows.has(secret)).toBe(isPresent);
    }),
    { numRuns: 60 },
  );
});
