import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCount, parsePort, parseSeconds, parseSeed, parseSetting, parseTarget } from "./arguments.ts";

describe("a port", () => {
  test.each([
    ["0", 0],
    ["7880", 7880],
    ["65535", 65_535],
  ])("%s is one", (text, port) => {
    expect(parsePort(text)).toBe(port);
  });

  test.each(["65536", "-1", "80.5", "0x50", "8e3", " 80", "", "eighty", "１２"])("%j is none", (text) => {
    expect(() => parsePort(text)).toThrow(InvalidArgumentError);
  });
});

describe("a count", () => {
  test("is any whole number from 1", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (count) => {
        expect(parseCount(String(count))).toBe(count);
      }),
    );
  });

  test.each(["0", "-3", "1.5", "", "two", "99999999999999999999"])("is not %j", (text) => {
    expect(() => parseCount(text)).toThrow(InvalidArgumentError);
  });
});

describe("seconds", () => {
  test("are whole, from none to a day", () => {
    expect([parseSeconds("0"), parseSeconds("90"), parseSeconds("86400")]).toEqual([0, 90, 86_400]);
  });

  test.each(["-1", "1.5", "86401", "", "1m"])("are not %j", (text) => {
    expect(() => parseSeconds(text)).toThrow(InvalidArgumentError);
  });
});

describe("a setting", () => {
  test("is added to those before it", () => {
    const before = ["a=1"];
    expect(parseSetting("listeners=200", before)).toEqual(["a=1", "listeners=200"]);
    expect(before).toEqual(["a=1"]);
  });

  test("may have an equals sign in its value", () => {
    expect(parseSetting("name=a=b", [])).toEqual(["name=a=b"]);
  });

  // A comma would make two settings of one on their way to k6.
  test.each(["listeners", "=5", "a=", "a=1,b=2", "a b=1", "listeners =5"])("is not %j", (text) => {
    expect(() => parseSetting(text, [])).toThrow(InvalidArgumentError);
  });
});

describe("a seed", () => {
  test("is any text that a run plan takes", () => {
    expect(parseSeed("7")).toBe("7");
    expect(parseSeed("a b,<é>")).toBe("a b,<é>");
    expect(parseSeed("x".repeat(80))).toHaveLength(80);
  });

  test.each(["", "x".repeat(81)])("is not %j", (text) => {
    expect(() => parseSeed(text)).toThrow(InvalidArgumentError);
  });
});

describe("a target", () => {
  test("is a WebSocket address, whose path is the room server's where none is given", () => {
    expect(parseTarget("ws://rooms.example:7880")).toBe("ws://rooms.example:7880/room");
    expect(parseTarget("wss://rooms.example/")).toBe("wss://rooms.example/room");
    expect(parseTarget("wss://rooms.example/live/room")).toBe("wss://rooms.example/live/room");
    expect(parseTarget("ws://[::1]:7880/room")).toBe("ws://[::1]:7880/room");
  });

  test.each([
    ["https://rooms.example/room", /found https:/],
    ["rooms.example", /such as wss:/],
    ["", /such as wss:/],
    ["ws://rooms.example/room#one", /after #/],
    ["ws://rooms.example/room#", /after #/],
  ])("is not %j, and it says why", (text, why) => {
    expect(() => parseTarget(text)).toThrow(InvalidArgumentError);
    expect(() => parseTarget(text)).toThrow(why);
  });
});
