/** Cost against error: what it costs to be wrong less often. */

import type { Evaluation } from "./evaluation.ts";
import { compact, percent, whole } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { line, niceEnd, picture, plot, thinned, ticksOf, whisker } from "./svg.ts";

export function frontierPicture({ frontier, certified, price, upper }: Evaluation): Markup | null {
  const most = frontier.reduce((max, { error }) => Math.max(max, error), 0);
  if (frontier.length < 2) return null;
  const max = niceEnd(Math.max(most, 0.01));
  // An answer that costs nothing, or an unknown price, leaves the share itself.
  const isPriced = price !== null && price.amount > 0;
  const end = isPriced ? niceEnd(1000 * price.amount, 5) : 1;
  const costs = ticksOf(0, end, 5).map((at) => ({ at, text: isPriced ? whole(at) : compact(at) }));
  const label = isPriced ? `${price.unit} for ${upper}, for 1,000 items` : `share that goes up to ${upper}`;
  const plotted = plot({
    x: { label, min: 0, max: end, ticks: costs },
    y: { label: "wrong of all", min: 0, max, ticks: ticksOf(0, max).map((at) => ({ at, text: compact(at) })) },
  });
  const at = (escalated: number): number => (isPriced ? 1000 * escalated * price.amount : escalated);
  const points = thinned(frontier).map(({ escalated, error }) => ({ x: at(escalated), y: error }));
  const [first, last] = [frontier[0]!, frontier.at(-1)!];
  const words = `From ${percent(first.escalated)} going up with ${percent(first.error)} wrong to ${percent(last.escalated)} with ${percent(last.error)}`;
  const point = certified?.point;
  const error = point ? point.coverage * point.risk : 0;
  return picture(plotted, words, [
    plotted.axes,
    line(plotted, points, "curve"),
    point
      ? whisker(
          plotted,
          { x: at(1 - point.coverage), y: error },
          error,
          error,
          "certified",
          `certified: ${percent(1 - point.coverage)} goes up, ${percent(error)} of all wrong`,
        )
      : null,
  ]);
}
