/** `npm run bench`: what rooms of several sizes cost, in one run; a table on stdout. */
import { cpus } from "node:os";
import { benchJoins, type JoinFigures } from "./join-bench.ts";
import { processKinds, type RoomSize, type Talk } from "../../experiment/live-room.ts";
import { benchRoom, type RoomFigures } from "./room-bench.ts";

const talkMs = 12_000;
const suite = "AES_128_GCM_SHA256_128";
const seed = "1";
const sizes: RoomSize[] = [
  { listeners: 100, speakers: 3, suite, seed, bare: false },
  { listeners: 300, speakers: 2, suite, seed, bare: false },
  // The same room three times: what node-datachannel alone costs, what counting adds, what encryption adds.
  { listeners: 400, speakers: 2, suite: null, seed, bare: true },
  { listeners: 400, speakers: 2, suite: null, seed, bare: false },
  { listeners: 400, speakers: 2, suite, seed, bare: false },
];

/** The same audience comes into a room that is silent, and into one where both speakers talk all the time. */
const arrivals: [size: RoomSize, talk: Talk][] = [
  [{ listeners: 400, speakers: 2, suite: null, seed, bare: true }, "silent"],
  [{ listeners: 400, speakers: 2, suite, seed, bare: false }, "silent"],
  [{ listeners: 400, speakers: 2, suite: null, seed, bare: true }, "everyone"],
  [{ listeners: 400, speakers: 2, suite, seed, bare: false }, "everyone"],
];

type Columns<Figures> = [heading: string, cell: (figures: Figures) => string][];

const sizeColumns: Columns<RoomSize> = [
  ["listeners x speakers", ({ listeners, speakers }) => `${listeners} x ${speakers}`],
  [
    "",
    ({ bare, suite: used }) =>
      `${bare ? "bare node-datachannel" : "counted"}${used === null ? "" : ", encrypted"}`,
  ],
];

const joinColumns: Columns<JoinFigures> = [
  ...sizeColumns,
  ["room", ({ talk }) => (talk === "silent" ? "silent" : "talks")],
  ["joins/s", ({ joinsPerSecond }) => joinsPerSecond.toFixed(0)],
  [
    "ms CPU a join: listeners / server / worker / stage",
    ({ cpuMs }) => processKinds.map((kind) => cpuMs[kind].toFixed(1)).join(" / "),
  ],
];

const columns: Columns<RoomFigures> = [
  ...sizeColumns,
  ["packets/s", ({ packetsPerSecond }) => packetsPerSecond.toFixed(0)],
  ["worker, µs CPU a packet", ({ workerMicroseconds }) => workerMicroseconds.toFixed(1)],
  ["listeners, µs CPU a packet", ({ audienceMicroseconds }) => audienceMicroseconds.toFixed(1)],
  ["of it decryption", ({ decryptMicroseconds }) => decryptMicroseconds?.toFixed(1) ?? "–"],
  [
    "KiB a listener: listeners / worker / server",
    ({ memoryKiB: { audience, worker, server } }) =>
      [audience, worker, server].map((kib) => kib.toFixed(0)).join(" / "),
  ],
  ["lost", ({ account }) => (account === null ? "–" : `${account.lost} of ${account.expected}`)],
  ["late sends p99, ms", ({ lateSendP99Ms }) => lateSendP99Ms?.toFixed(1) ?? "–"],
  ["event loop p99, ms", ({ eventLoopP99Ms }) => eventLoopP99Ms?.toFixed(1) ?? "–"],
  [
    "path p50 / p99, ms",
    ({ pathP50Ms, pathP99Ms }) => `${pathP50Ms?.toFixed(1) ?? "–"} / ${pathP99Ms?.toFixed(1) ?? "–"}`,
  ],
];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;

process.stdout.write(
  `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, every packet observed, ${talkMs / 1000} s of talk\n\n`,
);
function head<Figures>(table: Columns<Figures>): string {
  return row(table.map(([heading]) => heading)) + row(table.map(() => "---"));
}

process.stdout.write(head(joinColumns));
for (const [size, talk] of arrivals) {
  process.stderr.write(`${size.listeners} listeners come in...\n`);
  const figures = await benchJoins(size, talk);
  process.stdout.write(row(joinColumns.map(([, cell]) => cell(figures))));
}
process.stdout.write(`\n${head(columns)}`);
for (const size of sizes) {
  process.stderr.write(`${size.listeners} x ${size.speakers}...\n`);
  const figures = await benchRoom(size, talkMs);
  process.stdout.write(row(columns.map(([, cell]) => cell(figures))));
}
