import { expect, test } from "vitest";
import { frameMs } from "../../util/opus-frame.ts";
import { LiveRoom, talkingAt } from "./_live-room.ts";

/** The promise is 5 s, from the death to sound at the last listener; what is beyond it is not "back by themselves". */
const backWithinMs = 5000;
const listeners = 50;
/** Half a second of both speakers, so that it is more than what was on its way. */
const heardAgain = 50;

test.for([1, 2])(
  `${listeners} listeners of a worker that dies hear again within 5 s, in their seats and under their keys (%i workers)`,
  { timeout: 90_000 },
  async (workers, { annotate }) => {
    await using room = await LiveRoom.open({ workers });
    await room.addSpeaker(talkingAt(() => 30));
    await room.addSpeaker(talkingAt(() => 30));
    await room.addListeners(listeners);
    await room.heardByAll(20);
    // Until a newcomer has the key.
    const refused = room.engine.report().refused;
    const port = room.listeners[0]?.peers.media?.port;
    const dying = room.server.workers.find((worker) => worker.port === port);
    const killedMs = performance.now();
    process.kill(dying?.pid ?? 0, "SIGKILL");
    await expect
      .poll(() => room.listeners.every(({ restarts }) => restarts === 1), {
        timeout: backWithinMs,
        interval: 20,
      })
      .toBe(true);
    await room.heardByAll(heardAgain, backWithinMs);
    const backMs = performance.now() - killedMs;
    expect(backMs).toBeLessThan(backWithinMs);
    expect(room.broken).toEqual([]);
    expect(room.speakers.map(({ restarts }) => restarts)).toEqual([1, 1]);
    expect(room.interruptions.mediaRestart.n).toBe(listeners + 2);

    const counts = await room.end();
    // A counter that began anew would be refused as a replay.
    expect(room.engine.report().refused).toEqual(refused);
    // What speakers could not send was due all the same, and is lost.
    const unsent = room.speakers.reduce((sum, { voice }) => sum + voice.unsent, 0);
    const gaps = counts.map(({ lost }) => (lost / room.speakers.length) * frameMs);
    const worstMs = Math.max(...gaps);
    await annotate(
      `heard by all again ${backMs.toFixed(0)} ms after the death; a gap of ` +
        `${(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toFixed(0)} ms a stream and listener, ` +
        `${worstMs.toFixed(0)} ms at most, of it ${((unsent / room.speakers.length) * frameMs).toFixed(0)} ms unsent`,
    );
    expect(unsent).toBeGreaterThan(0);
    expect(worstMs).toBeLessThan(backWithinMs);
    for (const { expected, received, lost } of counts) {
      expect(lost).toBeGreaterThanOrEqual(unsent);
      expect(received + lost).toBe(expected);
    }
  },
);
