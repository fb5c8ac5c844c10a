import type { Distribution, Result } from "../protocol/result.ts";
import { grouped, plural, secondsText } from "../verdict/numbers.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import { mark, table } from "./_table.ts";
import { bytes, dash, limitMeasured, limitText, ratio, time } from "./_text.ts";

export function encryptionSection({ e2ee }: Result): Html {
  if (!e2ee.enabled) {
    return html`<section>
      <h2>End-to-end encryption</h2>
      <p>Off: the room server could hear everything.</p>
    </section>`;
  }
  const refused = Object.entries(e2ee.failures)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const bitrate =
    e2ee.overheadBytesPerFrame === null
      ? ""
      : `, ${Number((e2ee.overheadBytesPerFrame * 0.4).toPrecision(2))} kbit/s while a speaker talks`;
  return html`<section>
    <h2>End-to-end encryption</h2>
    <dl class="plain">
      <dt>Suite</dt>
      <dd><code>${e2ee.suite}</code></dd>
      <dt>Encrypt a frame</dt>
      <dd>${costText(e2ee.encryptSeconds)}</dd>
      <dt>Decrypt a frame</dt>
      <dd>${costText(e2ee.decryptSeconds)}</dd>
      <dt>Overhead</dt>
      <dd>${bytes(e2ee.overheadBytesPerFrame)} a frame${bitrate}</dd>
      <dt>Frames</dt>
      <dd>${grouped(e2ee.encryptedFrames)} encrypted, ${grouped(e2ee.decryptedFrames)} decrypted</dd>
      <dt>Refused, never played</dt>
      <dd>
        ${refused.length === 0 ? "none" : refused.map(([cause, count]) => `${grouped(count)} ${cause}`).join(", ")}
      </dd>
      <dt>Keys</dt>
      <dd>
        ${plural(e2ee.rekeys, "rekey")}, ${plural(e2ee.sealedMessages, "sealed message")},
        ${secondsText(e2ee.sealSeconds)} of CPU for them
      </dd>
    </dl>
  </section>`;
}

function costText({ n, p50, p99, max }: Distribution): string {
  return n === 0
    ? "not timed"
    : `p50 ${time(p50)}, p99 ${time(p99)}, max ${time(max)}, of ${plural(n, "frame")} timed`;
}

export function egressSection({ egress }: Result): Html {
  return html`<section>
    <h2>Where packets went</h2>
    <p>${egress.note}</p>
    ${
      egress.destinations.length === 0
        ? html`<p class="quiet">No destination was recorded. That is no proof of silence.</p>`
        : table(
            ["Process", "Purpose", "Protocol", "Destination~", "Connections#"],
            egress.destinations.map(({ process, purpose, protocol, address, port, connections }) => ({
              cells: [
                process,
                purpose,
                protocol,
                html`<code>${address.includes(":") ? `[${address}]` : address}:${port}</code>`,
                grouped(connections),
              ],
            })),
          )
    }
  </section>`;
}

export function harnessSection({ harness, signalling }: Result): Html {
  const { cpu, k6, limits } = harness;
  return html`<section>
    <h2>
      The harness itself
      <span class="quiet"
        >${grouped(limits.filter(({ ok }) => ok).length)} of ${grouped(limits.length)} limits kept</span
      >
    </h2>
    <p class="quiet">
      What the simulator cost its own measurement. Past any of these limits the run is INVALID.
    </p>
    ${table(
      ["", "Limit", "Allowed#", "Measured#", "What to do~"],
      limits.map((limit) => ({
        broken: !limit.ok,
        cells: [
          mark(limit.ok),
          limit.name,
          limitText(limit),
          limitMeasured(limit),
          limit.ok ? dash : limit.hint,
        ],
      })),
    )}
    <h3>Processes</h3>
    ${table(
      ["Process", "CPU time#", "Cores kept busy#", "Memory at most#"],
      cpu.processes.map(({ name, cpuSeconds, wallSeconds, maxRssBytes }) => ({
        cells: [
          name,
          secondsText(cpuSeconds),
          wallSeconds >= 0.001 ? (cpuSeconds / wallSeconds).toFixed(2) : dash,
          bytes(maxRssBytes),
        ],
      })),
    )}
    <p class="quiet" style="margin-top:.5rem">
      The whole machine was ${ratio(cpu.machineBusyRatio)} busy.
      ${
        signalling === null
          ? html`A forwarded packet cost the room server's workers
            ${time(cpu.workerSecondsPerForwardedPacket)} of CPU, a received one the audience
            ${time(cpu.audienceSecondsPerReceivedPacket)}.`
          : ""
      }
      k6 ended with
      ${k6.exitCode === null ? "no exit code" : `exit code ${k6.exitCode}`}${
        signalling === null
          ? html` and got ${k6.digestsReceived === null ? "an unknown number" : grouped(k6.digestsReceived)}
            of ${plural(k6.digestsSent, "digest")}`
          : ""
      }.
    </p>
  </section>`;
}

export function environmentSection({ environment, plan, runId, seed }: Result): Html {
  const rows: [string, string | Html][] = [
    ["Command", html`<code>${environment.command}</code>`],
    ["Run", runId],
    ["Seed", seed],
    ["Target", plan === null ? dash : html`<code>${plan.target.url}</code>`],
    ["Scenario", html`<code>${environment.scenarioHash.slice(0, 16)}</code> (SHA-256)`],
    [
      "Machine",
      `${environment.cpuModel}, ${plural(environment.cores, "core")}, ${bytes(environment.memoryBytes)}`,
    ],
    ["System", environment.os],
    ["Soundcheck", `${environment.soundcheck}, Node ${environment.node}, k6 ${environment.k6}`],
    ["Room server", `mediasoup ${environment.mediasoup}, worker ${environment.worker}`],
    ["Listeners", `node-datachannel ${environment.nodeDatachannel}`],
  ];
  return html`<section>
    <h2>Environment</h2>
    <dl class="plain">
      ${rows.map(
        ([term, text]) =>
          html`<dt>${term}</dt>
            <dd>${text}</dd>`,
      )}
    </dl>
  </section>`;
}
