/**
 * Encryption churn: people talk while others come and go all the time, so that keys change as fast as they ever do.
 * Nobody who may listen should miss a word for want of a key.
 */
import { handleSummary } from "./lib/summary.ts";
import { roomScenario } from "./lib/room.ts";

const base = { conversation: "panel", leavers: 0, bitrate: 32_000 };

const room = roomScenario({
  name: "encryption-churn",
  defaultProfile: "load",
  profiles: {
    smoke: { ...base, speakers: 2, stageChurn: 1, listeners: 10, churn: 6, join: 1, talk: 14 },
    load: { ...base, speakers: 4, stageChurn: 3, listeners: 120, churn: 100, join: 6, talk: 60 },
    soak: { ...base, speakers: 4, stageChurn: 4, listeners: 100, churn: 100, join: 5, talk: 900 },
  },
  thresholds: {
    session_ok: ["rate==1"],
    session_errors: ["count==0"],
    dropped_iterations: ["count==0"],
    join_ms: ["p(95)<2000"],
    // A talkspurt that lacks more than a syllable is not understood.
    key_gap_ms: ["p(99)<200"],
    mouth_to_ear_ms: ["p(95)<200", "p(99)<300"],
    lost: ["rate<0.005"],
    undecryptable: ["rate<0.01"],
    packets_received: ["count>0"],
  },
});

export const { options, setup, teardown, stage, audience } = room;
export { handleSummary };
