/** The few shapes that the pictures are made of. Colours are classes of the page's style, so that they follow its theme. */

import { html, type Markup } from "./markup.ts";

export interface Tick {
  readonly at: number;
  readonly text: string;
  /** A second, smaller line. */
  readonly under?: string;
}

export interface Axis {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly Tick[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where values lie, in units of the drawing. Values beyond an axis are drawn at its end. */
export interface Plot {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(value: number): number;
  y(value: number): number;
  readonly axes: Markup;
}

export interface PlotOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly width?: number;
  readonly height?: number;
  /** Room below the axis, for what else is drawn there. */
  readonly below?: number;
}

export function plot({ x, y, width = 680, height = 340, below = 0 }: PlotOptions): Plot {
  const [left, right, top] = [62, width - 26, 14];
  const bottom = height - 48 - below;
  const along = (axis: Axis, from: number, to: number) => (value: number) => {
    const share = (value - axis.min) / (axis.max - axis.min);
    return rounded(from + Math.min(1, Math.max(0, share)) * (to - from));
  };
  const [atX, atY] = [along(x, left, right), along(y, bottom, top)];
  const axes = html`${y.ticks.map(
    ({ at, text }) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${atY(at)}" y2="${atY(at)}"/><text class="tick" x="${left - 8}" y="${atY(at) + 4}" text-anchor="end">${text}</text>`,
  )}${x.ticks.map(
    ({ at, text, under }) =>
      html`<line class="axis" x1="${atX(at)}" x2="${atX(at)}" y1="${bottom}" y2="${bottom + 5}"/><text class="tick" x="${atX(at)}" y="${bottom + 19}" text-anchor="middle">${text}</text>${
        under === undefined
          ? null
          : html`<text class="tick small" x="${atX(at)}" y="${bottom + 33}" text-anchor="${atX(at) > right - 20 ? "end" : "middle"}">${under}</text>`
      }`,
  )}<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text class="label" x="${rounded((left + right) / 2)}" y="${height - 6}" text-anchor="middle">${x.label}</text><text class="label" transform="translate(14 ${rounded((top + bottom) / 2)}) rotate(-90)" text-anchor="middle">${y.label}</text>`;
  return { width, height, left, right, top, bottom, x: atX, y: atY, axes };
}

/** The whole picture, with words for those who cannot see it. */
export function picture(
  plotted: Pick<Plot, "width" | "height">,
  words: string,
  marks: readonly (Markup | null)[],
): Markup {
  const { width, height } = plotted;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}">${marks}</svg>`;
}

export function line(plotted: Plot, points: readonly Point[], name: string): Markup | null {
  if (points.length === 0) return null;
  return html`<polyline class="${name}" points="${pairs(plotted, points)}"/>`;
}

/** The area between two lines. */
export function band(plotted: Plot, upper: readonly Point[], lower: readonly Point[], name: string): Markup | null {
  if (upper.length === 0) return null;
  return html`<polygon class="${name}" points="${pairs(plotted, [...upper, ...lower.toReversed()])}"/>`;
}

export function rule(plotted: Plot, y: number, name: string, text: string): Markup {
  const at = plotted.y(y);
  return html`<line class="${name}" x1="${plotted.left}" x2="${plotted.right}" y1="${at}" y2="${at}"/><text class="note" x="${plotted.right}" y="${rounded(at - 5)}" text-anchor="end">${text}</text>`;
}

/** A dot with how far it may be off. */
export function whisker(
  plotted: Plot,
  { x, y }: Point,
  low: number,
  high: number,
  name: string,
  words: string,
): Markup {
  const at = plotted.x(x);
  const [from, to] = [plotted.y(low), plotted.y(high)];
  return html`<g class="${name}"><title>${words}</title><line x1="${at}" x2="${at}" y1="${from}" y2="${to}"/><line x1="${at - 4}" x2="${at + 4}" y1="${from}" y2="${from}"/><line x1="${at - 4}" x2="${at + 4}" y1="${to}" y2="${to}"/><circle cx="${at}" cy="${plotted.y(y)}" r="4"/></g>`;
}

export function box(x1: number, x2: number, y1: number, y2: number, name: string, words: string): Markup {
  const [width, height] = [Math.max(0, x2 - x1), Math.max(0, y2 - y1)];
  return html`<rect class="${name}" x="${rounded(x1)}" y="${rounded(y1)}" width="${rounded(width)}" height="${rounded(height)}"><title>${words}</title></rect>`;
}

function pairs(plotted: Plot, points: readonly Point[]): string {
  return points.map(({ x, y }) => `${plotted.x(x)},${plotted.y(y)}`).join(" ");
}

/** Hundredths of a unit are enough. */
export function rounded(value: number): number {
  return Number(value.toFixed(2));
}

/** Round values from `min` to at most `max`, some `most` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticksOf(min: number, max: number, most = 6): readonly number[] {
  const rough = (max - min) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough * (1 - 1e-9))!;
  const ticks: number[] = [];
  // Counted, since sums of tenths miss the last one by a hair.
  for (let index = Math.ceil(min / step - 1e-9); index * step <= max + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** An end of an axis that lies on a tick: `max` or a little more. */
export function niceEnd(max: number, most = 6): number {
  const ticks = ticksOf(0, max, most);
  const last = ticks.at(-1)!;
  return last >= max ? last : Number((last + (ticks[1]! - ticks[0]!)).toPrecision(12));
}

/** At most so many of them, evenly, the first and the last among them. */
export function thinned<T>(values: readonly T[], most = 300): readonly T[] {
  if (values.length <= most) return values;
  return Array.from({ length: most }, (_, at) => values[Math.round((at * (values.length - 1)) / (most - 1))]!);
}
