/**
 * Smoke: the smallest room that shows all parts at work: a host, a speaker and
 * a handful of listeners for a few seconds. Run it first, and after every change.
 */
import { handleSummary } from "./lib/summary.ts";
import { roomScenario } from "./lib/room.ts";

const room = roomScenario({
  name: "smoke",
  defaultProfile: "smoke",
  profiles: {
    smoke: {
      speakers: 1,
      listeners: 5,
      leavers: 0,
      join: 1,
      talk: 5,
      conversation: "panel",
      bitrate: 32_000,
    },
    load: {
      speakers: 1,
      listeners: 20,
      leavers: 1,
      join: 2,
      talk: 20,
      conversation: "panel",
      bitrate: 32_000,
    },
  },
  thresholds: {
    session_ok: ["rate==1"],
    session_errors: ["count==0"],
    join_ms: ["p(95)<2000"],
    mouth_to_ear_ms: ["p(95)<200"],
    lost: ["rate<0.005"],
    late: ["rate<0.01"],
    undecryptable: ["rate<0.01"],
    packets_received: ["count>0"],
  },
});

export const { options, setup, teardown, stage, audience } = room;
export { handleSummary };
