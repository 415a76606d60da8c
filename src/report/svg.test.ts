import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { line, niceEnd, plot, thinned, ticksOf } from "./svg.ts";

describe("ticks", () => {
  test("are round and few, and reach both ends", () => {
    expect(ticksOf(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksOf(0, 0.07)).toEqual([0, 0.02, 0.04, 0.06]);
    expect(ticksOf(0, 3000, 5)).toEqual([0, 1000, 2000, 3000]);
    expect(niceEnd(0.07)).toBe(0.08);
    expect(niceEnd(4, 5)).toBe(4);
  });

  test("of any range are finite, rising and not beyond the end that they have", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (max) => {
        const end = niceEnd(max);
        const ticks = ticksOf(0, end);
        expect(end).toBeGreaterThanOrEqual(max * (1 - 1e-9));
        expect(ticks.length).toBeLessThanOrEqual(9);
        expect(ticks.every((tick, index) => index === 0 || tick > ticks[index - 1]!)).toBe(true);
        expect(ticks.at(-1)).toBeLessThanOrEqual(end * (1 + 1e-9));
      }),
    );
  });
});

describe("a plot", () => {
  const plotted = plot({
    x: { label: "x", min: 0, max: 10, ticks: [] },
    y: { label: "y", min: 0, max: 1, ticks: [] },
  });

  test("puts the ends of its axes at the ends of its area, and what lies beyond there too", () => {
    const { left, right, top, bottom } = plotted;
    expect([plotted.x(0), plotted.x(10), plotted.x(99)]).toEqual([left, right, right]);
    expect([plotted.y(0), plotted.y(1), plotted.y(-1)]).toEqual([bottom, top, bottom]);
    expect(plotted.x(5)).toBeCloseTo((left + right) / 2, 2);
  });

  test("draws a line through its points, and none through nothing", () => {
    const { left, right, top, bottom } = plotted;
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 1 },
    ];
    expect(line(plotted, points, "curve")?.text).toContain(`points="${left},${bottom} ${right},${top}"`);
    expect(line(plotted, [], "curve")).toBeNull();
  });
});

test("thinning keeps the ends and the order", () => {
  const values = Array.from({ length: 1000 }, (_, index) => index);
  const few = thinned(values, 100);
  expect(few).toHaveLength(100);
  expect([few[0], few.at(-1)]).toEqual([0, 999]);
  expect(few.toSorted((a, b) => a - b)).toEqual(few);
  expect(thinned(values, 1000)).toBe(values);
});
