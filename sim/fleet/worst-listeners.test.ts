import { expect, test } from "vitest";
import type { ListenerSummary } from "../protocol/fleet.ts";
import { worstOf } from "./worst-listeners.ts";

function listener(name: string, more: Partial<ListenerSummary>): ListenerSummary {
  return {
    index: 0,
    name,
    expected: 100,
    lost: 0,
    late: 0,
    refused: 0,
    deaf: false,
    mouthToEarP99Seconds: 0.1,
    failure: null,
    ...more,
  };
}

test("broken sessions come first, then who heard nothing, then by what was not heard in time", () => {
  const listeners = [
    listener("fine", {}),
    listener("slow", { mouthToEarP99Seconds: 0.4 }),
    listener("lossy", { lost: 20 }),
    listener("late", { late: 30 }),
    listener("refused", { refused: 40 }),
    listener("deaf", { deaf: true, mouthToEarP99Seconds: null }),
    listener("unserved", { expected: 0, mouthToEarP99Seconds: null }),
    listener("broken", { failure: "disconnected" }),
    listener("broken and lossy", { failure: "cut", lost: 1 }),
  ];
  const order = [
    "broken and lossy",
    "broken",
    "deaf",
    "unserved",
    "refused",
    "late",
    "lossy",
    "slow",
    "fine",
  ];
  expect(worstOf(listeners, 100).map(({ name }) => name)).toEqual(order);
  expect(worstOf(listeners.toReversed(), 3).map(({ name }) => name)).toEqual(order.slice(0, 3));
});
