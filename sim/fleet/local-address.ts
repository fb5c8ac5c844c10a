/** Where media sockets are bound: to loopback when the target is there, so that nothing else is even offered; else anywhere. */
export function localAddressFor(url: string): string | undefined {
  const { hostname } = new URL(url);
  if (hostname === "localhost" || hostname.startsWith("127.")) return "127.0.0.1";
  return hostname === "[::1]" ? "::1" : undefined;
}
