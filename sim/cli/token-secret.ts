import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { minTokenSecretBytes } from "../protocol/token.ts";
import { isLoopback } from "../server/addresses.ts";
import { fromBase64Url, toBase64Url } from "../util/bytes.ts";
import { BadInputError } from "../util/errors.ts";

const variable = "SOUNDCHECK_TOKEN_SECRET";

/** The secret of the environment; undefined where there is none. Throws a BadInputError `bad-token-secret`. */
export function secretFromEnvironment(): Uint8Array<ArrayBuffer> | undefined {
  const text = process.env[variable];
  if (text === undefined || text === "") return undefined;
  const secret = /^[A-Za-z0-9_-]+$/.test(text) ? fromBase64Url(text) : new Uint8Array(0);
  if (secret.length >= minTokenSecretBytes) return secret;
  throw new BadInputError(
    "bad-token-secret",
    `${variable} must be at least ${minTokenSecretBytes} bytes in base64url`,
    {
      hint: `make one: node -p 'crypto.randomBytes(32).toString("base64url")'`,
    },
  );
}

/**
 * The environment's secret, or on loopback one for development, kept so that a
 * server and an agent started by hand agree. Throws a BadInputError beyond loopback.
 */
export function tokenSecret(root: string, host: string): Uint8Array<ArrayBuffer> {
  const given = secretFromEnvironment();
  if (given !== undefined) return given;
  if (!isLoopback(host)) {
    throw new BadInputError(
      "token-secret-missing",
      `listening on ${host} needs a secret for tokens in ${variable}`,
      {
        hint: `make one: node -p 'crypto.randomBytes(32).toString("base64url")'`,
      },
    );
  }
  const file = join(root, ".cache", "token-secret");
  return keptSecret(file) ?? makeSecret(file);
}

/** Undefined where there is none. Throws a BadInputError `bad-token-secret` where there is something else. */
function keptSecret(file: string): Uint8Array<ArrayBuffer> | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
  const secret = fromBase64Url(text);
  if (secret.length >= minTokenSecretBytes) return secret;
  throw new BadInputError("bad-token-secret", `${file} holds no secret for tokens`, {
    hint: "delete it: a new one is made",
  });
}

/** Whole at once, and never over another: of a server and an agent started together, both take the first. */
function makeSecret(file: string): Uint8Array<ArrayBuffer> {
  const secret = new Uint8Array(randomBytes(minTokenSecretBytes));
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${randomBytes(4).toString("hex")}`;
  writeFileSync(unfinished, `${toBase64Url(secret)}\n`, { mode: 0o600 });
  try {
    linkSync(unfinished, file);
    return secret;
  } catch (error) {
    const kept = keptSecret(file);
    if (kept === undefined) throw error;
    return kept;
  } finally {
    rmSync(unfinished, { force: true });
  }
}
