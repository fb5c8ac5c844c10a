const pure = ["persona", "audio", "e2ee", "region", "measure"] as const;
const upToParticipant = [...pure, "protocol", "participant"] as const;
const upToReport = [
  ...upToParticipant,
  "server",
  "audience",
  "fleet",
  "lab",
  "incident",
  "verdict",
  "report",
] as const;
const upToAudit = [...upToReport, "run", "experiment", "audit"] as const;

/**
 * Which folders of sim/ each folder may import from, besides itself and util.
 * The order is that of the layout: imports run downward only, never sideways
 * between the pure folders, and nothing imports the command.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  util: [],
  protocol: [],
  persona: [],
  audio: [],
  e2ee: [],
  region: [],
  measure: ["protocol"],
  server: ["protocol", "region"],
  participant: [...pure, "protocol"],
  audience: ["participant", "e2ee", "measure", "protocol"],
  // It makes participants, so it needs what they are made of.
  fleet: [...upToParticipant, "audience"],
  lab: ["region"],
  incident: ["protocol", "audio", "measure"],
  verdict: ["protocol", "measure"],
  report: ["verdict", "measure", "protocol"],
  run: upToReport,
  experiment: ["run", "verdict", "report", "measure", "protocol", "participant", "e2ee"],
  audit: ["run", "lab", "region", "measure", "protocol"],
  cli: upToAudit,
  web: ["protocol", "e2ee", "audio"],
  test: [...upToAudit, "cli", "web"],
};

/** Folders inside a folder of sim/ that a file can stand in; deeper ones are not looked at. */
const deepest = 3;

/** The linter's overrides that enforce the table. */
export function importDirections() {
  const folders = Object.keys(mayImport);
  return folders.flatMap((folder) => {
    const forbidden = folders.filter(
      (other) => other !== folder && other !== "util" && !mayImport[folder]?.includes(other),
    );
    return Array.from({ length: deepest }, (_, depth) => ({
      files: [`sim/${folder}/${"*/".repeat(depth)}*.{ts,tsx}`],
      rules: {
        "no-restricted-imports": [
          "error" as const,
          {
            patterns: [
              {
                // As many steps up as lead to sim/, and no more: a folder of ours may have a namesake below.
                regex: `^${"\\.\\./".repeat(depth + 1)}(${forbidden.join("|")})/`,
                message: `sim/${folder} may import from ${["util", ...(mayImport[folder] ?? [])].join(", ")} only (infra/lint/folders.ts).`,
              },
            ],
          },
        ] satisfies [string, unknown],
      },
    }));
  });
}
