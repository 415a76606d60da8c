/** What a report says in rows: classes, what was taken for what, flips, and what happened when. */

import type { ClassReport } from "../guarantee/class-report.ts";
import type { Flip } from "./comparison.ts";
import { counted, moment, percent, whole } from "./figures.ts";
import type { StateChange } from "./history.ts";
import { html, type Markup } from "./markup.ts";

const SHOWN_CONFUSIONS = 12;
const SHOWN_FLIPS = 60;
const SHOWN_CHANGES = 30;

const share = (value: number | null): string => (value === null ? "–" : percent(value));

function meter(value: number | null): Markup | null {
  if (value === null) return null;
  return html`<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="8"/><rect class="fill" width="${Number((value * 100).toFixed(1))}" height="8"/></svg>`;
}

export function classTable(report: ClassReport): Markup {
  const rows = report.classes.filter(({ support, claimed }) => support + claimed > 0);
  const silent = report.classes.length - rows.length;
  return html`<table><thead><tr><th>answer</th><th class="n">labels</th><th class="n">precision</th><th class="n">recall</th><th class="n">F1</th><th class="wide"></th></tr></thead><tbody>${rows.map(
    ({ name, support, precision, recall, f1 }) =>
      html`<tr><td><bdi>${name}</bdi></td><td class="n">${whole(support)}</td><td class="n">${share(precision)}</td><td class="n">${share(recall)}</td><td class="n">${share(f1)}</td><td class="wide">${meter(f1)}</td></tr>`,
  )}</tbody><tfoot><tr><td>mean, each answer alike</td><td class="n">${whole(report.items)}</td><td></td><td></td><td class="n">${share(report.macroF1)}</td><td></td></tr></tfoot></table>${
    silent > 0
      ? html`<p class="aside">${counted(silent, "answer")} that no label has and no rung gave, left out.</p>`
      : null
  }`;
}

export function confusionTable({ confusions }: ClassReport): Markup | null {
  if (confusions.length === 0) return null;
  const left = confusions.length - SHOWN_CONFUSIONS;
  return html`<table><thead><tr><th>label</th><th>it said</th><th class="n">items</th></tr></thead><tbody>${confusions
    .slice(0, SHOWN_CONFUSIONS)
    .map(
      ({ truth, predicted, items }) =>
        html`<tr><td><bdi>${truth}</bdi></td><td><bdi>${predicted}</bdi></td><td class="n">${whole(items)}</td></tr>`,
    )}</tbody></table>${left > 0 ? html`<p class="aside">And ${counted(left, "rarer pair")}.</p>` : null}`;
}

/** The items' own texts only where they were asked for. */
export function flipTable(flips: readonly Flip[], withTexts: boolean): Markup {
  const left = flips.length - SHOWN_FLIPS;
  const said = (value: string | null): string => value ?? "nothing";
  return html`<table><thead><tr><th></th><th>item</th><th>label</th><th>before</th><th>after</th>${
    withTexts ? html`<th>text</th>` : null
  }</tr></thead><tbody>${flips
    .slice(0, SHOWN_FLIPS)
    .map(
      ({ isFixed, decision, label, truth, before, after, about }) =>
        html`<tr><td class="${isFixed ? "good" : "bad"}">${isFixed ? "fixed" : "broken"}</td><td><bdi>${decision ?? `label ${label}`}</bdi></td><td><bdi>${truth}</bdi></td><td><bdi>${said(before)}</bdi></td><td><bdi>${said(after)}</bdi></td>${
          withTexts ? html`<td class="text"><bdi>${about}</bdi></td>` : null
        }</tr>`,
    )}</tbody></table>${left > 0 ? html`<p class="aside">And ${whole(left)} more.</p>` : null}`;
}

export function changeTable(changes: readonly StateChange[]): Markup | null {
  if (changes.length === 0) return null;
  const left = changes.length - SHOWN_CHANGES;
  const shown = changes.slice(-SHOWN_CHANGES);
  return html`<table><thead><tr><th>when (UTC)</th><th>state</th><th>what happened</th></tr></thead><tbody>${shown.map(
    ({ at, state, what }) =>
      html`<tr><td class="when">${moment(at)}</td><td><span class="dot ${state}"></span>${state}</td><td><bdi>${what}</bdi></td></tr>`,
  )}</tbody></table>${left > 0 ? html`<p class="aside">${counted(left, "earlier event")} left out.</p>` : null}`;
}
