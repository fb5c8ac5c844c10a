import { expect, test } from "vitest";
import { LiveRoom, talkingAt } from "./_live-room.ts";

test(
  "of four who talk two are forwarded, the loudest; the others are neither heard nor missed",
  { timeout: 60_000 },
  async () => {
    await using room = await LiveRoom.open({ media: { maxForwardedStreams: 2 } });
    // Decibels below overload: less is louder.
    const levels = [50, 50, 20, 20];
    for (const index of levels.keys()) await room.addSpeaker(talkingAt(() => levels[index] ?? 127));
    await room.addListeners(3);
    await room.heardByAll(300);
    // The quiet two become the loud ones.
    levels.splice(0, 4, 20, 20, 50, 50);
    await room.heardByAll(400);
    expect(room.broken).toEqual([]);
    const sent = (): number => room.speakers.reduce((sum, { voice }) => sum + voice.sent, 0);
    const sentBefore = sent();
    const counts = await room.end();
    for (const { expected, received, lost } of counts) {
      expect({ received, lost }).toEqual({ received: expected, lost: 0 });
      // About half of what four send, who began one after the other.
      expect(expected).toBeGreaterThan(300);
      expect(expected).toBeLessThan(0.7 * sentBefore);
    }
  },
);
