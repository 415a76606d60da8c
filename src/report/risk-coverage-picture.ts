/** Risk against coverage: how much could stay local at which error, with what is promised. */

import { wilson } from "../core/wilson.ts";
import type { Evaluation } from "./evaluation.ts";
import { compact, percent, range } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { band, line, niceEnd, picture, plot, rule, thinned, ticksOf, whisker } from "./svg.ts";

export function riskCoveragePicture({ curve, labels, certified }: Evaluation, risk: number): Markup | null {
  const last = curve.at(-1);
  if (!last) return null;
  const points = thinned(curve).map(({ coverage, risk: wrong }) => {
    const kept = Math.round(coverage * labels.heldOut);
    return { coverage, wrong: wilson(Math.round(wrong * kept), kept)! };
  });
  // The few surest answers have the widest intervals; they must not press the rest to the ground.
  const settled = points.filter(({ coverage }) => coverage > 0.15).map(({ wrong }) => wrong.high);
  const max = niceEnd(Math.min(1, Math.max(risk * 1.6, last.risk * 1.1, certified?.wrong?.high ?? 0, ...settled)));
  const plotted = plot({
    x: { label: "share kept local", min: 0, max: 1, ticks: ticksOf(0, 1, 5).map((at) => ({ at, text: compact(at) })) },
    y: { label: "wrong among those", min: 0, max, ticks: ticksOf(0, max).map((at) => ({ at, text: compact(at) })) },
  });
  const along = (of: (wrong: (typeof points)[number]["wrong"]) => number) =>
    points.map(({ coverage, wrong }) => ({ x: coverage, y: of(wrong) }));
  const words = `From the surest answer alone to all: at the end ${percent(last.coverage)} kept and ${percent(last.risk)} of it wrong`;
  return picture(plotted, words, [
    plotted.axes,
    band(
      plotted,
      along(({ high }) => high),
      along(({ low }) => low),
      "spread",
    ),
    line(
      plotted,
      along(({ share }) => share),
      "curve",
    ),
    certified?.point && certified.wrong
      ? whisker(
          plotted,
          { x: certified.point.coverage, y: certified.wrong.share },
          certified.wrong.low,
          certified.wrong.high,
          "certified",
          `certified: ${percent(certified.point.coverage)} kept, ${percent(certified.wrong.share)} of it wrong (${range(certified.wrong)})`,
        )
      : null,
    rule(plotted, risk, "promise", `asked for: at most ${compact(risk)} wrong`),
  ]);
}
