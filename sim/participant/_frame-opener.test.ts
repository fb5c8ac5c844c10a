import { describe, expect, test } from "vitest";
import { kidOf } from "../e2ee/keys/kid.ts";
import { deriveSFrameKey } from "../e2ee/sframe/key.ts";
import type { SFrameKey } from "../e2ee/sframe/key.ts";
import { SFrameSender } from "../e2ee/sframe/sender.ts";
import { FrameOpener } from "./_frame-opener.ts";

const suite = "AES_128_GCM_SHA256_128";
const frame = Uint8Array.of(1, 2, 3);

function keyOf(kid: number, fill = 1): SFrameKey {
  return deriveSFrameKey({ suite, kid, baseKey: new Uint8Array(16).fill(fill) });
}

describe("a listener's keys", () => {
  test("open a speaker's frames on its own stream, and on no other where a server has put them", () => {
    const opener = new FrameOpener(undefined);
    opener.addKey(keyOf(kidOf(0, 3)), "ada");
    const sender = new SFrameSender(keyOf(kidOf(0, 3)));
    expect(opener.refusal(sender.encrypt(frame), "ada")).toBeNull();
    expect(opener.refusal(sender.encrypt(frame), "bob")).toBe("wrong-speaker");
    expect(opener.refusal(sender.encrypt(frame), "ada")).toBeNull();
  });

  test("are looked for when a KID is not known, and kept once a frame has authenticated under one", () => {
    const kid = kidOf(7, 3);
    const found: number[] = [];
    let looks = 0;
    const opener = new FrameOpener({
      find: (wanted) => {
        looks++;
        return wanted === kid ? { participantId: "ada", key: keyOf(kid) } : null;
      },
      found: (kept) => {
        found.push(kept);
      },
    });
    const forged = new SFrameSender(keyOf(kid, 9));
    expect(opener.refusal(forged.encrypt(frame), "ada")).toBe("authentication");
    expect(opener.refusal(new SFrameSender(keyOf(kidOf(8, 3))).encrypt(frame), "ada")).toBe("unknown-key");
    expect([found, opener.hasKeys]).toEqual([[], false]);
    const sender = new SFrameSender(keyOf(kid));
    const first = sender.encrypt(frame);
    expect(opener.refusal(first, "ada")).toBeNull();
    expect(opener.refusal(first, "ada")).toBe("replay");
    expect(opener.refusal(sender.encrypt(frame), "bob")).toBe("wrong-speaker");
    expect(found).toEqual([kid]);
    const looksSoFar = looks;
    expect(opener.refusal(sender.encrypt(frame), "ada")).toBeNull();
    expect(looks).toBe(looksSoFar);
    opener.dropKeys(7);
    expect(opener.hasKeys).toBe(false);
  });
});
