import { beforeEach, describe, expect, test } from "vitest";
import { Line, type LineConnection } from "./line.ts";

function connection() {
  const told: string[] = [];
  const made = {
    told,
    beatsAsked: 0,
    beatsAnswered: 0,
    closed: undefined as string | undefined,
    tell: (text: string) => {
      told.push(text);
    },
    close: (_code: number, reason: string) => {
      made.closed = reason;
    },
    remove: (reason: string) => {
      told.push(`removed: ${reason}`);
    },
  } satisfies LineConnection & { [key: string]: unknown };
  return made;
}

let first: ReturnType<typeof connection>;
let second: ReturnType<typeof connection>;
let line: Line;

beforeEach(() => {
  first = connection();
  second = connection();
  line = new Line(first, 10);
  line.outlast();
});

describe("a line", () => {
  test("keeps for who is away what must not be lost, in order, and nothing else", () => {
    line.disconnect(first);
    line.tell("news");
    expect(line.keep("a")).toBe(true);
    expect(line.keep("b")).toBe(true);
    line.connect(second);
    expect(second.told).toEqual(["a", "b"]);
    line.tell("more");
    expect(second.told).toEqual(["a", "b", "more"]);
  });

  test("sends again what was sent to a connection that gave no sign of life since", () => {
    line.keep("a");
    first.beatsAsked = 1;
    line.keep("b");
    first.beatsAnswered = 1;
    line.connect(second);
    expect(first.told).toEqual(["a", "b"]);
    expect(first.closed).toBe("resumed");
    expect(second.told).toEqual(["b"]);
    const third = connection();
    line.connect(third);
    expect(third.told).toEqual(["b"]);
  });

  test("refuses more than it can keep for who is away, and forgets the oldest for who is there", () => {
    for (const text of ["1234", "5678", "9abc"]) expect(line.keep(text)).toBe(true);
    line.disconnect(first);
    expect(line.keep("de")).toBe(true);
    expect(line.keep("f")).toBe(false);
  });

  test("that ends with its connection keeps nothing", () => {
    const brief = new Line(first, 10);
    expect(brief.keep("a")).toBe(true);
    brief.connect(second);
    expect(second.told).toEqual([]);
  });

  test("is not cut by the end of a connection that was its own before", () => {
    line.connect(second);
    expect(line.disconnect(first)).toBe(false);
    line.tell("a");
    expect(second.told).toEqual(["a"]);
    expect(line.disconnect(second)).toBe(true);
    line.remove("kicked");
    expect(second.told).toEqual(["a"]);
  });
});
