import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { selfSignedCertificate } from "./_certificate.ts";
import { developmentTls, loadTls } from "./tls.ts";

const directory = mkdtempSync(join(tmpdir(), "tls-test-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const day = 86_400_000;
const now = Date.UTC(2026, 6, 1);
const clockAt = (nowUnixMs: number) => ({ nowUnixMs: () => nowUnixMs });

describe("a self-signed certificate", () => {
  const hosts = ["localhost", "rooms.example", "127.0.0.1", "::1", "2001:db8::7:8"];
  const { cert, key } = selfSignedCertificate({ hosts, nowUnixMs: now, days: 30 });
  const certificate = new X509Certificate(cert);

  test("is signed by the key that it certifies", () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.issuer).toBe(certificate.subject);
  });

  test("names each host, and no other", () => {
    for (const name of ["localhost", "rooms.example"]) expect(certificate.checkHost(name)).toBe(name);
    for (const ip of ["127.0.0.1", "::1", "2001:db8::7:8"]) expect(certificate.checkIP(ip)).toBe(ip);
    expect(certificate.checkHost("other.example")).toBeUndefined();
    expect(certificate.checkIP("127.0.0.2")).toBeUndefined();
  });

  test("holds for as long as asked, and signs no others", () => {
    expect(certificate.validFromDate.getTime()).toBe(now - day);
    expect(certificate.validToDate.getTime()).toBe(now + 30 * day);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });
});

describe("certificate and key from files", () => {
  const write = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  };
  const one = selfSignedCertificate({ hosts: ["one.example"], nowUnixMs: now, days: 10 });
  const two = selfSignedCertificate({ hosts: ["two.example"], nowUnixMs: now, days: 10 });
  const cert = write("one.crt", one.cert);
  const key = write("one.key", one.key);

  test("that belong together are taken as they are", () => {
    expect(loadTls(cert, key, clockAt(now))).toEqual(one);
  });

  test.each([
    [
      "a file that is not there",
      () => loadTls(join(directory, "none"), key, clockAt(now)),
      /none cannot be read/,
    ],
    ["a certificate that is none", () => loadTls(key, key, clockAt(now)), /one\.key does not hold/],
    ["a key that is none", () => loadTls(cert, cert, clockAt(now)), /one\.crt does not hold/],
    ["another's key", () => loadTls(cert, write("two.key", two.key), clockAt(now)), /not the key of/],
    ["a certificate that has expired", () => loadTls(cert, key, clockAt(now + 10 * day)), /expired on/],
  ])("with %s are refused, saying why", (_what, load, why) => {
    expect(load).toThrow(why);
    expect(load).toThrow(expect.objectContaining({ code: "bad-tls" }));
  });
});

describe("the development certificate", () => {
  const fresh = (): string => mkdtempSync(join(directory, "dev-"));

  test("is made once and kept, for its owner to read only", () => {
    const where = fresh();
    const made = developmentTls(where, [], clockAt(now));
    const kept = developmentTls(where, ["localhost"], clockAt(now + day));
    expect(new X509Certificate(kept.cert).raw).toEqual(new X509Certificate(made.cert).raw);
    expect(createPrivateKey(kept.key).equals(createPrivateKey(made.key))).toBe(true);
    expect(statSync(join(where, "tls-development.pem")).mode & 0o777).toBe(0o600);
  });

  test("is made anew before it expires, for another host, and where it is broken", () => {
    const where = fresh();
    const raw = (hosts: string[], at: number): string =>
      new X509Certificate(developmentTls(where, hosts, clockAt(at)).cert).fingerprint256;
    const first = raw([], now);
    const second = raw([], now + 84 * day);
    expect(second).not.toBe(first);
    const third = raw(["192.168.1.7"], now + 84 * day);
    expect(third).not.toBe(second);
    expect(raw(["192.168.1.7"], now + 84 * day)).toBe(third);
    const file = join(where, "tls-development.pem");
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 300));
    expect(raw(["192.168.1.7"], now + 84 * day)).not.toBe(third);
  });
});
