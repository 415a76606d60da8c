/** Reliability: how sure the version was, beside how often it was right; below, how many answers that rests on. */

import { wilson } from "../core/wilson.ts";
import type { ReliabilityRow } from "../guarantee/calibration-metrics.ts";
import { compact, percent, range, whole } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { box, line, picture, plot, ticksOf, whisker } from "./svg.ts";

const BARS = 46;

/** Groups nearer than this to each other are drawn as one. */
const NEAR = 0.02;

export function reliabilityPicture(table: readonly ReliabilityRow[]): Markup | null {
  const rows = merged(table);
  if (rows.length === 0) return null;
  const lowest = Math.min(...rows.flatMap(({ meanConfidence, accuracy }) => [meanConfidence, accuracy.low]));
  const min = Math.min(0.8, Math.floor(lowest * 5) / 5);
  const axis = { min, max: 1, ticks: ticksOf(min, 1, 5).map((at) => ({ at, text: compact(at) })) };
  const plotted = plot({
    x: { ...axis, label: "how sure it was" },
    y: { ...axis, label: "how often it was right" },
    height: 420,
  });
  const corners = [
    { x: min, y: min },
    { x: 1, y: 1 },
  ];
  const words = `${rows.length} groups of answers, from the least sure to the surest`;
  return picture(plotted, words, [
    plotted.axes,
    ...rows.map((row) => {
      const { left, width } = barOf(rows, row);
      const from = plotted.x(left);
      const top = plotted.bottom - BARS * (row.items / Math.max(...rows.map(({ items }) => items)));
      return box(from, Math.max(from + 2, plotted.x(left + width)), top, plotted.bottom, "bar", inWords(row));
    }),
    line(plotted, corners, "diagonal"),
    ...rows.map((row) => {
      const { meanConfidence, accuracy } = row;
      const point = { x: meanConfidence, y: accuracy.share };
      return whisker(plotted, point, accuracy.low, accuracy.high, "point", inWords(row));
    }),
  ]);
}

/** Neighbours that would lie upon each other, put together. */
export function merged(rows: readonly ReliabilityRow[]): readonly ReliabilityRow[] {
  const found: ReliabilityRow[] = [];
  for (const row of rows) {
    const before = found.at(-1);
    if (!before || row.meanConfidence - before.meanConfidence >= NEAR) found.push(row);
    else found[found.length - 1] = together(before, row);
  }
  return found;
}

function together(a: ReliabilityRow, b: ReliabilityRow): ReliabilityRow {
  const items = a.items + b.items;
  const right = Math.round(a.items * a.accuracy.share + b.items * b.accuracy.share);
  const meanConfidence = (a.items * a.meanConfidence + b.items * b.meanConfidence) / items;
  return { bin: a.bin, items, meanConfidence, accuracy: wilson(right, items)! };
}

/** A bar is as wide as it can be without touching the next group's. */
function barOf(
  rows: readonly ReliabilityRow[],
  row: ReliabilityRow,
): { readonly left: number; readonly width: number } {
  const others = rows
    .filter((other) => other !== row)
    .map((other) => Math.abs(other.meanConfidence - row.meanConfidence));
  const width = Math.min(0.03, ...others.map((distance) => distance * 0.9));
  return { left: Math.min(1 - width, row.meanConfidence - width / 2), width };
}

function inWords({ items, meanConfidence, accuracy }: ReliabilityRow): string {
  return `${whole(items)} answers: sure to ${percent(meanConfidence)}, right in ${percent(accuracy.share)} (${range(accuracy)})`;
}
