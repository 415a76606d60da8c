/** The report of a journal's questions, as one page of HTML: what is promised, how good it is, and how it came about. */

import type { PromiseInWords } from "../guarantee/promise.ts";
import type { VersionComparison } from "./comparison.ts";
import type { Evaluation } from "./evaluation.ts";
import { compact, counted, moment, percent, pValue, range, whole } from "./figures.ts";
import { frontierPicture } from "./frontier-picture.ts";
import type { History, State } from "./history.ts";
import { historyPicture } from "./history-picture.ts";
import { html, type Markup } from "./markup.ts";
import { page } from "./page.ts";
import { reliabilityPicture } from "./reliability-picture.ts";
import { riskCoveragePicture } from "./risk-coverage-picture.ts";
import { changeTable, classTable, confusionTable, flipTable } from "./tables.ts";

/** All that is known of one question. */
export interface QuestionFacts {
  /** The step's name, what it asks, and the version of the question. */
  readonly question: string;
  readonly ask: string;
  readonly version: string;
  /** Largest share of wrong answers that its author asked for. */
  readonly risk: number;
  readonly state: State;
  /** Why it is in this state, with what would move it. */
  readonly why: string;
  /** `null` while nothing is promised. */
  readonly promise: PromiseInWords | null;
  readonly history: History;
  /** `null` where it could not be evaluated, with why. */
  readonly evaluation: Evaluation | null;
  readonly notEvaluated: string | null;
  readonly comparison: VersionComparison | null;
}

export interface ReportFacts {
  /** Name of the journal, as people know it. */
  readonly journal: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly questions: readonly QuestionFacts[];
  /** What is on record of other machines, a line each. */
  readonly contacted: readonly string[];
  /** Whether the items' own texts may stand in it. They are personal data more often than not. */
  readonly withTexts: boolean;
}

/** The page. Whatever stands in the journal is shown as text and cannot become anything else. */
export function writeReport({ journal, now, questions, contacted, withTexts }: ReportFacts): string {
  const title = questions.length === 1 ? `Report on ${questions[0]!.question}` : "Report on promises";
  return page(title, [
    html`<h1><bdi>${title}</bdi></h1><p class="soft">${moment(now)} UTC, from the journal <bdi>${journal}</bdi>${
      withTexts ? ". It holds texts of items." : ". It holds no text of an item."
    }</p>`,
    questions.length === 0 ? html`<p>No question of this journal asks for a promise.</p>` : null,
    ...questions.map((facts) => questionPart(facts, withTexts)),
    html`<section><h2>What left this machine</h2><ul>${contacted.map((text) => html`<li><bdi>${text}</bdi></li>`)}</ul></section>`,
  ]);
}

function questionPart(facts: QuestionFacts, withTexts: boolean): Markup {
  const { question, ask, state, why, promise, evaluation, notEvaluated, comparison, history } = facts;
  return html`<section><h2><bdi>${question}</bdi> <span class="badge ${state}">${state}</span></h2><p class="soft"><bdi>${ask}</bdi></p>${
    promise ? promisePart(promise) : html`<blockquote><p>Nothing is promised: <bdi>${why}</bdi>.</p></blockquote>`
  }${figuresPart(facts)}${historyPart(history)}${
    evaluation
      ? evaluationPart(evaluation, facts.risk)
      : html`<p><bdi>${notEvaluated ?? "It was not evaluated."}</bdi></p>`
  }${comparison ? comparisonPart(comparison, withTexts) : null}</section>`;
}

function promisePart({ says, truth, doesNotSay }: PromiseInWords): Markup {
  return html`<blockquote><p><bdi>${says}</bdi></p>${truth === null ? null : html`<p><bdi>${truth}</bdi></p>`}</blockquote><details><summary>What this does not say</summary><ul>${doesNotSay.map(
    (sentence) => html`<li><bdi>${sentence}</bdi></li>`,
  )}</ul></details>`;
}

interface Figure {
  readonly value: string;
  readonly of: string;
}

function figuresPart({ evaluation, history, risk }: QuestionFacts): Markup {
  const figures: Figure[] = [];
  const last = history.share.at(-1);
  if (last)
    figures.push({ value: percent(last.share), of: `kept local, of the last ${whole(history.window)} decisions` });
  const certified = evaluation?.certified;
  if (certified) {
    const { accepted, wrong } = certified.figures;
    figures.push({
      value: `≤ ${compact(risk)}`,
      of: `wrong is promised; ${whole(wrong)} of the ${counted(accepted, "label")} that would have stood ${wrong === 1 ? "was" : "were"}`,
    });
  }
  if (evaluation) {
    const { accuracy, labels } = evaluation;
    figures.push({
      value: percent(accuracy.share),
      of: `right if nothing went up, ${range(accuracy)}, on ${counted(labels.heldOut, "label")}`,
    });
    const within = evaluation.coverageAt.find((point) => point.risk === 0.05);
    if (within) figures.push({ value: percent(within.coverage), of: "could have stayed at 5 % wrong, in hindsight" });
  }
  if (figures.length === 0) return html``;
  return html`<div class="figures">${figures.map(({ value, of }) => html`<div><b>${value}</b><span>${of}</span></div>`)}</div>`;
}

function figure(drawn: Markup | null, caption: string): Markup | null {
  return drawn && html`<figure>${drawn}<figcaption>${caption}</figcaption></figure>`;
}

function historyPart(history: History): Markup {
  const { changes } = history;
  const drawn = historyPicture(history);
  return html`<h3>Over time</h3>${
    drawn
      ? figure(
          drawn,
          "Above, the share of decisions that stayed local; below, the state of the promise at each decision.",
        )
      : html`<p class="soft">No run has asked this question yet.</p>`
  }<details><summary>${counted(changes.length, "event")}</summary><div class="scroll">${changeTable(changes)}</div></details>`;
}

function evaluationPart(evaluation: Evaluation, risk: number): Markup {
  const { classes, certified } = evaluation;
  return html`<h3>How good version ${evaluation.key} is</h3><p>${labelsInWords(evaluation)}</p>${
    classes
      ? html`<h3>By answer</h3><p class="soft">As if nothing could go up: the surest local rung answers.</p><div class="scroll">${classTable(classes)}</div>${
          classes.confusions.length > 0
            ? html`<details><summary>What was taken for what</summary><div class="scroll">${confusionTable(classes)}</div></details>`
            : null
        }`
      : null
  }<h3>How far its probabilities can be trusted</h3>${figure(
    reliabilityPicture(evaluation.reliability),
    "Each dot is a group of answers with its 95 % interval; on the dashed line, sure and right are the same. Bars: how many answers.",
  )}<p>${calibrationInWords(evaluation)}</p><h3>How much could stay local at which error</h3>${figure(
    riskCoveragePicture(evaluation, risk),
    `The surest answers first; shaded, the 95 % interval at each point. In hindsight on these labels, no promise about others.${
      certified?.point ? " The green dot is the certified threshold on them." : ""
    }`,
  )}<p>${coverageInWords(evaluation)}</p><h3>Cost against error</h3>${figure(
    frontierPicture(evaluation),
    `If what comes from ${evaluation.upper} is right: the labels cannot show where it is not.`,
  )}<p>${priceInWords(evaluation)}</p>`;
}

/** Which labels the figures rest on, in words. */
export function labelsInWords({ labels, trainedOn, members }: Evaluation): string {
  const { heldOut, leftOut, samples, sources } = labels;
  const list = (counts: { readonly [name: string]: number | undefined }): string =>
    Object.entries(counts)
      .map(([name, many]) => `${whole(many ?? 0)} ${name}`)
      .join(", ");
  const picked = leftOut.picked > 0 ? ` and ${whole(leftOut.picked)} that were not drawn at random` : "";
  return (
    `Judged on ${counted(heldOut, "label")} that it was not trained on (${list(samples)}; from: ${list(sources)}). ` +
    `Left out: ${whole(leftOut.trained)} from its training or before it${picked}. ` +
    `It was trained on ${whole(trainedOn)}; its rungs are ${members.join(", ")}.`
  );
}

export function calibrationInWords({ calibration, brier }: Evaluation): string {
  if (!calibration || brier === null) return "No local rung gave an answer.";
  const { ece, note } = calibration;
  return `Expected calibration error ${ece.toFixed(3)}${note === null ? "" : ` (${note})`}, Brier score ${brier.toFixed(3)}.`;
}

export function coverageInWords({ coverageAt, area }: Evaluation): string {
  const at = coverageAt.map(({ risk, coverage }) => `${percent(coverage)} at ${compact(risk)}`).join(", ");
  return `In hindsight, kept at an error of at most: ${at}.${area === null ? "" : ` Area under the curve (AURC) ${area.toFixed(4)}.`}`;
}

export function priceInWords({ price, upper, certified }: Evaluation): string {
  if (!price) return `What ${upper} costs is not known: unpriced.`;
  if (price.amount === 0) return `${upper} costs nothing.`;
  const each = `An answer of ${upper} costs ${price.amount} ${price.unit}`;
  if (!certified?.point) return `${each}; 1,000 items ${Number((1000 * price.amount).toPrecision(6))}.`;
  const cost = 1000 * (1 - certified.point.coverage) * price.amount;
  return `${each}; 1,000 items cost ${Number(cost.toPrecision(4))} at the certified threshold and ${Number((1000 * price.amount).toPrecision(6))} without local rungs.`;
}

export function comparisonInWords({ figures }: VersionComparison): string {
  const { items, accuracyBefore, accuracyAfter, difference, p, fixed, broken } = figures;
  return (
    `On ${counted(items, "label")} that neither was trained on: ${percent(accuracyBefore)} right before, ${percent(accuracyAfter)} after; ` +
    `difference ${signed(difference.estimate)} (95 % interval ${signed(difference.low)} to ${signed(difference.high)}). ` +
    `${whole(fixed.length)} fixed, ${whole(broken.length)} broken, exact McNemar p ${pValue(p)}.`
  );
}

function signed(share: number): string {
  return share > 0 ? `+${percent(share)}` : percent(share).replace("-", "−");
}

function comparisonPart(comparison: VersionComparison, withTexts: boolean): Markup {
  const { before, after, flips } = comparison;
  return html`<h3>Version ${after} against ${before}</h3><p>${comparisonInWords(comparison)}</p>${
    flips.length === 0 ? html`<p>No item flipped.</p>` : html`<div class="scroll">${flipTable(flips, withTexts)}</div>`
  }`;
}
