import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** Whether what listens at this host is reached from this machine only. */
export function isLoopback(host: string): boolean {
  const plain = unmapped(host);
  return host === "localhost" || plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/**
 * What limits by address go by: an IPv4 address, or the first 64 bits of an IPv6 one,
 * since whoever has one of those has them all (RFC 6177). Anything else stays as it is.
 */
export function addressKey(address: string): string {
  const plain = unmapped(address);
  if (!isIPv6(plain)) return plain;
  const groups = expand(new SocketAddress({ address: plain.split("%")[0] ?? plain, family: "ipv6" }).address);
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** An IPv4 address inside an IPv6 one (RFC 4291 section 2.5.5.2) is the former. */
function unmapped(address: string): string {
  const inner = /^::ffff:(.+)$/i.exec(address)?.[1];
  return inner !== undefined && isIPv4(inner) ? inner : address;
}

/** The eight groups of an IPv6 address in Node's canonical form. */
function expand(address: string): string[] {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
}

/**
 * Who asks: the socket's other end, or, where a proxy of ours stands in between, the
 * last entry of its `X-Forwarded-For`. What stands before the last anybody may write.
 */
export function clientAddress(
  remoteAddress: string | undefined,
  forwardedFor: string | string[] | undefined,
  trustForwardedFor: boolean,
): string {
  const last = [forwardedFor].flat().at(-1)?.split(",").at(-1)?.trim();
  return trustForwardedFor && last !== undefined && last !== "" ? last : (remoteAddress ?? "unknown");
}
