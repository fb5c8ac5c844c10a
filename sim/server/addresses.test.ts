import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey, clientAddress, isLoopback } from "./addresses.ts";

describe("loopback", () => {
  test.each(["localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])("is %s", (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  test.each(["0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "127.example", "localhost.example", ""])(
    "is not %j",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe("the key of an address", () => {
  test("is the address where it is IPv4, mapped or not", () => {
    expect(addressKey("198.51.100.7")).toBe("198.51.100.7");
    expect(addressKey("::ffff:198.51.100.7")).toBe("198.51.100.7");
  });

  test.each([
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:DB8:0:0:ffff::9", "2001:db8:0:0::/64"],
    ["2001:db8:0:1::9", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
  ])("of %s is %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test("is the same for all of an IPv6 network of 64 bits", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const key = addressKey(address);
        const other = key.replace("::/64", ":a:b:c:d");
        if (key.endsWith("::/64")) expect(addressKey(other)).toBe(key);
      }),
    );
  });

  test("of what is no address is the text itself", () => {
    expect(addressKey("unknown")).toBe("unknown");
  });
});

describe("who asks", () => {
  test("is the socket's other end, whatever a header says", () => {
    expect(clientAddress("203.0.113.9", "198.51.100.7", false)).toBe("203.0.113.9");
    expect(clientAddress(undefined, undefined, false)).toBe("unknown");
  });

  test("is what our proxy saw, where one is trusted, not what its client wrote before", () => {
    expect(clientAddress("10.0.0.1", "127.0.0.1, 198.51.100.7", true)).toBe("198.51.100.7");
    expect(clientAddress("10.0.0.1", ["127.0.0.1", "198.51.100.7"], true)).toBe("198.51.100.7");
    expect(clientAddress("10.0.0.1", undefined, true)).toBe("10.0.0.1");
    expect(clientAddress("10.0.0.1", "", true)).toBe("10.0.0.1");
  });
});
