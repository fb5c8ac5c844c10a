import { expect, test } from "vitest";
import { LiveRoom, talkingAt } from "./_live-room.ts";
import { frameMs } from "../../util/opus-frame.ts";

/** The promise is 5 s; what is beyond it is not "back by themselves". */
const backWithinMs = 5000;

test.for([1, 2])(
  "ten listeners of a worker that dies hear again within 5 s, in their seats and under their keys (%i workers)",
  { timeout: 60_000 },
  async (workers, { annotate }) => {
    await using room = await LiveRoom.open({ workers });
    await room.addSpeaker(talkingAt(() => 30));
    await room.addSpeaker(talkingAt(() => 30));
    await room.addListeners(10);
    await room.heardByAll(20);
    // Until a newcomer has the key.
    const refused = room.engine.report().refused;
    const port = room.listeners[0]?.peers.media?.port;
    const dying = room.server.workers.find((worker) => worker.port === port);
    process.kill(dying?.pid ?? 0, "SIGKILL");
    await expect
      .poll(() => room.listeners.every(({ restarts }) => restarts === 1), {
        timeout: backWithinMs,
        interval: 20,
      })
      .toBe(true);
    await room.heardByAll(100, backWithinMs);
    expect(room.broken).toEqual([]);
    expect(room.speakers.map(({ restarts }) => restarts)).toEqual([1, 1]);

    const counts = await room.end();
    // A counter that began anew would be refused as a replay.
    expect(room.engine.report().refused).toEqual(refused);
    const lost = counts.reduce((sum, { lost: more }) => sum + more, 0) / counts.length / 2;
    const unsent = room.speakers.reduce((sum, { voice }) => sum + voice.unsent, 0) / 2;
    // What was sent while the server did not forward is lost; what could not be sent is not.
    expect(lost + unsent).toBeGreaterThan(0);
    const gapMs = (lost + unsent) * frameMs;
    await annotate(
      `a gap of ${gapMs.toFixed(0)} ms a stream: ${unsent * frameMs} ms unsent, ${(lost * frameMs).toFixed(0)} ms lost`,
    );
    expect(gapMs).toBeLessThan(backWithinMs);
    for (const { expected, received, lost: missed } of counts) expect(received + missed).toBe(expected);
  },
);
