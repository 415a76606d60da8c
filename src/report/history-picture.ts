/** The share that stayed local, decision by decision, above the states of the promise. */

import { compact, moment, percent, whole } from "./figures.ts";
import type { History } from "./history.ts";
import { html, type Markup } from "./markup.ts";
import { box, line, picture, plot, thinned, ticksOf } from "./svg.ts";

const BAND = 22;

const day = (at: number): string => moment(at).slice(0, 10);

export function historyPicture({ decisions, share, spans, window, kept }: History): Markup | null {
  const [first, last] = [share[0], share.at(-1)];
  if (!first || !last || kept === null) return null;
  const at = (count: number): number => share[Math.max(0, count - window)]!.at;
  const isOneDay = day(first.at) === day(last.at);
  const short = (time: number): string => (isOneDay ? moment(time).slice(11) : day(time));
  const ticks = ticksOf(0, decisions, 5).map((count) => ({ at: count, text: whole(count), under: short(at(count)) }));
  const plotted = plot({
    x: { label: "decisions", min: 0, max: decisions, ticks },
    y: {
      label: `local, of the last ${whole(window)}`,
      min: 0,
      max: 1,
      ticks: ticksOf(0, 1, 5).map((value) => ({ at: value, text: compact(value) })),
    },
    height: 340 + BAND,
    below: BAND + 10,
  });
  const points = thinned(share, 400).map((point) => ({ x: point.decisions, y: point.share }));
  const words = `${whole(decisions)} decisions, ${percent(kept)} local over all, ${percent(last.share)} of the last ${whole(window)}`;
  const top = plotted.height - BAND - 22;
  return picture(plotted, words, [
    ...spans.map(({ state, from, to }) =>
      box(plotted.x(from), plotted.x(to), plotted.top, plotted.bottom, `state ${state} behind`, state),
    ),
    plotted.axes,
    line(plotted, points, "curve"),
    ...spans.map(({ state, from, to }) => {
      const [left, right] = [plotted.x(from), plotted.x(to)];
      const isWide = right - left > state.length * 7.5;
      const text = isWide
        ? html`<text class="on-state" x="${(left + right) / 2}" y="${top + 15}" text-anchor="middle">${state}</text>`
        : null;
      return html`${box(left, right, top, top + BAND, `state ${state}`, `${state}: decisions ${whole(from)} to ${whole(to)}`)}${text}`;
    }),
  ]);
}
