import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** DER (ITU-T X.690): a tag, a length, the content. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
const octets = (content: Uint8Array): Buffer => der(0x04, content);
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** Object identifiers, as DER has them. */
const oid = {
  ecdsaWithSha256: identifier("2a8648ce3d040302"),
  commonName: identifier("550403"),
  subjectAltName: identifier("551d11"),
  basicConstraints: identifier("551d13"),
  keyUsage: identifier("551d0f"),
  extendedKeyUsage: identifier("551d25"),
  serverAuth: identifier("2b06010505070301"),
};

/** UTCTime up to 2049 (RFC 5280 section 4.1.2.5.1). */
function utcTime(unixMs: number): Buffer {
  const text = new Date(unixMs).toISOString().replace(/\D/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}

/** A GeneralName (RFC 5280 section 4.2.1.6): iPAddress or dNSName. */
function generalName(host: string): Buffer {
  if (isIPv4(host)) return der(0x87, Buffer.from(host.split(".").map(Number)));
  if (isIPv6(host)) return der(0x87, ipv6Bytes(host));
  return der(0x82, Buffer.from(host, "latin1"));
}

function ipv6Bytes(host: string): Buffer {
  const [head = "", tail = ""] = new SocketAddress({ address: host, family: "ipv6" }).address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail)];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/**
 * A certificate that vouches for itself (RFC 5280, P-256), for these names and
 * addresses, from a day before `nowUnixMs` on for `days`; and its key, both as PEM.
 */
export function selfSignedCertificate(options: { hosts: string[]; nowUnixMs: number; days: number }): {
  cert: string;
  key: string;
} {
  const { hosts, nowUnixMs, days } = options;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const dayMs = 86_400_000;
  const name = sequence(
    der(0x31, sequence(oid.commonName, der(0x0c, Buffer.from("Soundcheck development")))),
  );
  const extension = (id: Buffer, critical: boolean, value: Buffer): Buffer =>
    sequence(id, critical ? der(0x01, Buffer.from([0xff])) : Buffer.alloc(0), octets(value));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    // Positive, and without leading zero bytes.
    der(0x02, Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    sequence(oid.ecdsaWithSha256),
    name,
    sequence(utcTime(nowUnixMs - dayMs), utcTime(nowUnixMs + days * dayMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension(oid.basicConstraints, true, sequence()),
        extension(oid.keyUsage, true, der(0x03, Buffer.from([7, 0x80]))),
        extension(oid.extendedKeyUsage, false, sequence(oid.serverAuth)),
        extension(oid.subjectAltName, false, sequence(...hosts.map(generalName))),
      ),
    ),
  );
  const certificate = sequence(
    toBeSigned,
    sequence(oid.ecdsaWithSha256),
    bits(sign("sha256", toBeSigned, privateKey)),
  );
  return {
    cert: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
