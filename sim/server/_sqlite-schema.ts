import type { DatabaseSync } from "node:sqlite";
import { SetupError } from "../util/errors.ts";

/** Marks a file as ours ("SNDC"). */
const applicationId = 0x534e4443;

/** The way from each version to the next; what has been released is never changed, only added to. */
const migrations: readonly string[] = [
  `
  create table rooms (
    roomId text primary key,
    title text not null,
    topic text not null,
    visibility text not null,
    state text not null,
    locked integer not null,
    lobby integer not null,
    maxStage integer,
    maxAudience integer,
    startsAtUnixMs integer,
    createdAtUnixMs integer not null,
    endedAtUnixMs integer
  ) strict, without rowid;
  create index roomsByState on rooms (state, roomId);
  create table bans (
    roomId text not null,
    participantId text not null,
    bannedBy text,
    atUnixMs integer not null,
    untilUnixMs integer,
    primary key (roomId, participantId)
  ) strict, without rowid;
  create table invitations (
    roomId text not null,
    participantId text not null,
    invitedBy text,
    atUnixMs integer not null,
    primary key (roomId, participantId)
  ) strict, without rowid;
  create table audit (
    sequence integer primary key autoincrement,
    atUnixMs integer not null,
    actorId text,
    act text not null,
    roomId text,
    targetId text
  ) strict;
  create index auditByRoom on audit (roomId, sequence);
  create table deliveries (
    deliveryId text primary key,
    event text not null,
    body text not null,
    createdAtUnixMs integer not null,
    attempts integer not null,
    nextAttemptUnixMs integer not null
  ) strict, without rowid;
  create index deliveriesByDue on deliveries (nextAttemptUnixMs);
  `,
];

/** Brings a database to the present schema. Throws SetupError `store-foreign` or `store-newer`. */
export function migrate(database: DatabaseSync, file: string): void {
  const version = readPragma(database, "user_version");
  const owner = readPragma(database, "application_id");
  const isEmpty = database.prepare("select 1 from sqlite_schema").get() === undefined;
  if (owner !== applicationId && !isEmpty) {
    throw new SetupError("store-foreign", `${file} is another program's database`, {
      hint: "choose another file: one that is not there yet is made",
    });
  }
  if (version > migrations.length) {
    throw new SetupError(
      "store-newer",
      `${file} is of schema ${version}, this server knows up to ${migrations.length}`,
      { hint: "run the version of Soundcheck that wrote it, or a later one" },
    );
  }
  for (const [index, script] of migrations.entries()) {
    if (index < version) continue;
    database.exec(
      `begin immediate; ${script} pragma application_id = ${applicationId}; pragma user_version = ${index + 1}; commit;`,
    );
  }
}

function readPragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`pragma ${name}`).get()?.[name]);
}
