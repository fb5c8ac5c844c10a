/** `npm run bench`: what rooms of several sizes cost, in one run; a table on stdout. */
import { cpus } from "node:os";
import { benchRoom, type RoomFigures, type RoomSize } from "./room-bench.ts";

const talkMs = 12_000;
const sizes: RoomSize[] = [
  { listeners: 100, speakers: 3, encrypted: true, bare: false },
  { listeners: 300, speakers: 2, encrypted: true, bare: false },
  // The same room three times: what node-datachannel alone costs, what counting adds, what encryption adds.
  { listeners: 400, speakers: 2, encrypted: false, bare: true },
  { listeners: 400, speakers: 2, encrypted: false, bare: false },
  { listeners: 400, speakers: 2, encrypted: true, bare: false },
];

const columns: [heading: string, cell: (figures: RoomFigures) => string][] = [
  ["listeners x speakers", ({ listeners, speakers }) => `${listeners} x ${speakers}`],
  [
    "",
    ({ bare, encrypted }) => `${bare ? "bare node-datachannel" : "counted"}${encrypted ? ", encrypted" : ""}`,
  ],
  ["packets/s", ({ packetsPerSecond }) => packetsPerSecond.toFixed(0)],
  ["joins/s", ({ joinsPerSecond }) => joinsPerSecond.toFixed(0)],
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
process.stdout.write(row(columns.map(([heading]) => heading)) + row(columns.map(() => "---")));
for (const size of sizes) {
  process.stderr.write(`${size.listeners} x ${size.speakers}...
`);
  const figures = await benchRoom(size, talkMs);
  process.stdout.write(row(columns.map(([, cell]) => cell(figures))));
}
