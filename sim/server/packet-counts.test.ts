import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PacketCounts } from "./packet-counts.ts";

const stream = (id: string, packets: number, receivers: number) => ({ id, packets, receivers });

describe("packets counted by streams", () => {
  test("are forwarded once to each receiver, by the mean of two readings", () => {
    const counts = new PacketCounts();
    counts.add([stream("a", 100, 10)]);
    expect(counts.totals).toEqual({ received: 100, forwarded: 1000 });
    counts.add([stream("a", 150, 20), stream("b", 4, 3)]);
    expect(counts.totals).toEqual({ received: 154, forwarded: 1000 + 50 * 15 + 4 * 3 });
  });

  test("of a stream that is held back go nowhere, and of one that has ended stay counted", () => {
    const counts = new PacketCounts();
    counts.add([stream("a", 100, 0), stream("b", 10, 2)]);
    counts.add([stream("a", 200, 0)]);
    counts.add([]);
    expect(counts.totals).toEqual({ received: 210, forwarded: 20 });
  });

  test("never go back, and with as many receivers all along are exact, however often they are read", () => {
    const readings = fc.array(fc.nat(500), { maxLength: 20 });
    fc.assert(
      fc.property(readings, fc.nat(1000), (steps, receivers) => {
        const counts = new PacketCounts();
        let packets = 0;
        let before = counts.totals;
        for (const step of steps) {
          packets += step;
          counts.add([stream("a", packets, receivers)]);
          expect(counts.totals.received).toBeGreaterThanOrEqual(before.received);
          expect(counts.totals.forwarded).toBeGreaterThanOrEqual(before.forwarded);
          before = counts.totals;
        }
        expect(counts.totals).toEqual({ received: packets, forwarded: packets * receivers });
      }),
    );
  });
});
