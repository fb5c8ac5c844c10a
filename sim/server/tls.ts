import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WallClock } from "../util/clock.ts";
import { BadInputError } from "../util/errors.ts";
import { selfSignedCertificate } from "./_certificate.ts";

/** What TLS is served with, as PEM. */
export type TlsCredentials = { readonly cert: string; readonly key: string };

const developmentDays = 90;
/** A development certificate with less left is made anew. */
const renewalMs = 7 * 86_400_000;

/** Reads a certificate (with its chain) and its key. Throws BadInputError `bad-tls`, saying what does not fit. */
export function loadTls(certFile: string, keyFile: string, clock: WallClock): TlsCredentials {
  const credentials = { cert: read(certFile), key: read(keyFile) };
  const certificate = parse(certFile, () => new X509Certificate(credentials.cert));
  const key = parse(keyFile, () => createPrivateKey(credentials.key));
  if (!certificate.checkPrivateKey(key)) throw badTls(`${keyFile} is not the key of ${certFile}`);
  if (certificate.validToDate.getTime() <= clock.nowUnixMs()) {
    throw badTls(`the certificate of ${certFile} expired on ${certificate.validTo}`);
  }
  return credentials;
}

/**
 * A certificate for development that vouches for itself, for localhost and the given
 * hosts; kept in `directory`, and made anew when it is about to expire, does not name
 * all of the hosts or cannot be read.
 */
export function developmentTls(directory: string, hosts: string[], clock: WallClock): TlsCredentials {
  const names = [...new Set(["localhost", "127.0.0.1", "::1", ...hosts])];
  const file = join(directory, "tls-development.pem");
  const kept = keptDevelopmentTls(file, names, clock);
  if (kept !== undefined) return kept;
  const made = selfSignedCertificate({ hosts: names, nowUnixMs: clock.nowUnixMs(), days: developmentDays });
  mkdirSync(directory, { recursive: true });
  // Certificate and key in one file, there whole or not at all.
  const unfinished = `${file}.${randomBytes(4).toString("hex")}`;
  writeFileSync(unfinished, made.cert + made.key, { mode: 0o600 });
  renameSync(unfinished, file);
  return made;
}

function keptDevelopmentTls(file: string, names: string[], clock: WallClock): TlsCredentials | undefined {
  try {
    const text = readFileSync(file, "utf8");
    const certificate = new X509Certificate(text);
    const namesAll = names.every((name) => certificate.checkHost(name) ?? certificate.checkIP(name));
    const lasts = certificate.validToDate.getTime() - clock.nowUnixMs() > renewalMs;
    if (!namesAll || !lasts || !certificate.checkPrivateKey(createPrivateKey(text))) return undefined;
    return { cert: text, key: text };
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw badTls(`${file} cannot be read`, cause);
  }
}

function parse<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw badTls(`${file} does not hold what it should, as PEM`, cause);
  }
}

function badTls(message: string, cause?: unknown): BadInputError {
  return new BadInputError("bad-tls", message, {
    hint: "give a certificate with its chain and the key that belongs to it, both as PEM",
    cause,
  });
}
