/**
 * Town hall: one stage, a large audience. A host and a few speakers hold a panel
 * while the audience arrives evenly; a few leave halfway, which makes the host deal fresh keys, and
 * the rest stay to the end.
 */
import { handleSummary } from "./lib/summary.ts";
import { roomScenario } from "./lib/room.ts";

const base = { conversation: "panel", bitrate: 32_000 };

const room = roomScenario({
  name: "town-hall",
  defaultProfile: "load",
  profiles: {
    smoke: { ...base, speakers: 2, listeners: 10, leavers: 1, join: 1, talk: 8 },
    load: { ...base, speakers: 4, listeners: 100, leavers: 5, join: 5, talk: 30 },
    spike: { ...base, speakers: 4, listeners: 150, leavers: 5, join: 1, talk: 30 },
    soak: { ...base, speakers: 4, listeners: 50, leavers: 5, join: 5, talk: 1800 },
  },
  thresholds: {
    // Everybody who wanted in got in, stayed, and accounted for every packet.
    session_ok: ["rate==1"],
    session_errors: ["count==0"],
    dropped_iterations: ["count==0"],
    join_ms: ["p(95)<2000"],
    // ITU-T G.114: below 150 ms nobody notices, past 400 ms a conversation breaks down; an audience does not talk back.
    mouth_to_ear_ms: ["p(95)<200", "p(99)<300"],
    // At 1 % Opus with FEC is still hard to tell from none (docs/glossary.md: concealment).
    lost: ["rate<0.005"],
    late: ["rate<0.01"],
    undecryptable: ["rate<0.01"],
    packets_received: ["count>0"],
  },
});

export const { options, setup, teardown, stage, audience } = room;
export { handleSummary };
