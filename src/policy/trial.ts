/**
 * A version on trial: labels that it has never seen come in, until one of its thresholds may be promised. The test may be
 * looked at after every label (guarantee/betting.ts), goes on while the version serves, and may loosen it later.
 */

import type { Json } from "../core/json.ts";
import { isRuleKey, type Label, type OpenLabel } from "../core/label.ts";
import { BettingTest } from "../guarantee/betting.ts";
import { upperBound } from "../guarantee/binomial.ts";
import { type ClassThreshold, classThresholds, halfOf, nameOf, type ReadLabel } from "./class-thresholds.ts";
import { answering, type LocalVersion, type Reading } from "./local-version.ts";

export interface TrialSettings {
  readonly risk: number;
  readonly delta: number;
  /** Answers with a risk of their own. */
  readonly classes: { readonly [value: string]: number };
  readonly same: (a: Json, b: Json) => boolean;
}

export interface TrialPassed {
  readonly kind: "certified";
  readonly threshold: number;
  /** Its place in the grid. */
  readonly step: number;
  /** Share of the traffic that it lets stand, as foreseen in training. */
  readonly coverage: number;
  /** Labels, those that it would have let stand, and the wrong ones among them. */
  readonly labels: number;
  readonly accepted: number;
  readonly wrong: number;
  /** Estimated share of wrong answers among what it lets stand, and a bound on it for people. */
  readonly error: number;
  readonly upper: number;
  readonly classes: { readonly [value: string]: ClassThreshold };
}

export interface NotYet {
  readonly kind: "not certifiable";
  readonly labels: number;
  /** More labels that are needed, if the version errs as it did in training; `null` where no number would help. */
  readonly moreLabels: number | null;
}

export class Trial {
  readonly version: LocalVersion;
  /** Only labels of decisions behind this one, by number, count. */
  readonly from: number;
  /** The last label that was looked at. */
  cursor: number;
  readonly #settings: TrialSettings;
  readonly #test: BettingTest;
  readonly #clusters = new Set<string>();
  /** Labels for the dangerous answers, where there are any. */
  readonly #second: ReadLabel[] = [];
  #labels = 0;
  /** Labels of the last test of the dangerous answers: a power of two, so that a restart tests the same again. */
  #testedOn = 0;
  #found: TrialPassed | null = null;
  /** A label came since the last test. */
  #isNew = false;

  constructor(version: LocalVersion, from: number, trained: readonly Label[], settings: TrialSettings) {
    const { coverage, accepted, wrong } = version;
    const { risk, delta, classes } = settings;
    this.version = version;
    this.from = from;
    this.cursor = from;
    this.#settings = settings;
    const parts = Object.keys(classes).length + 1;
    this.#test = new BettingTest({ risk, delta: delta / parts, foreseen: { coverage, accepted, wrong } });
    // A duplicate of what it was trained on says nothing about what it has not seen.
    for (const { cluster, number } of trained) if (number <= version.upTo) this.#clusters.add(cluster);
  }

  get labels(): number {
    return this.#labels;
  }

  /**
   * Whether a label is evidence about this version: later than its training, no duplicate, and of an item that had a
   * known chance to be labelled. What went up is labelled in any case, what was let through with its coin's probability.
   */
  wants({ sample, number, cluster, propensity, key }: Label | OpenLabel): boolean {
    const isEvidence = sample === "random" || sample === "escalated" || (sample === "audit" && !isRuleKey(key));
    return isEvidence && propensity !== null && number > this.from && !this.#clusters.has(cluster);
  }

  /** `answer: null`: nobody will say any more what is right, so that whatever stands counts as wrong. */
  add(label: Label | OpenLabel, reading: Reading): void {
    const { cluster, sample, answer } = label;
    const truth = answer ? answer.value : null;
    const propensity = label.propensity ?? 1;
    this.#clusters.add(cluster);
    this.#labels++;
    this.#isNew = true;
    if (this.#hasClasses && halfOf(cluster) === 1) {
      // The tests of dangerous answers weigh nothing: they take what a coin drew, and no more.
      if (sample !== "escalated") this.#second.push({ cluster, truth, reading });
      return;
    }
    this.#test.observe({
      at: (point) => this.#fate(reading, this.version.grid[point]!, truth),
      propensity: sample === "audit" ? propensity : 1,
      least: propensity,
    });
  }

  get #hasClasses(): boolean {
    return Object.keys(this.#settings.classes).length > 0;
  }

  #fate(reading: Reading, threshold: number, truth: Json | null): "up" | "right" | "wrong" {
    const { same, classes } = this.#settings;
    const said = reading[answering(reading, threshold)];
    if (!said || Object.hasOwn(classes, nameOf(said.value))) return "up";
    return truth !== null && same(said.value, truth) ? "right" : "wrong";
  }

  /**
   * What may be promised by now. With dangerous answers their thresholds hold only together with that of the others, so
   * both move together, and seldom: when there are twice the labels.
   */
  test(): TrialPassed | NotYet {
    const isKept = this.#hasClasses ? powerBelow(this.#second.length) === this.#testedOn : !this.#isNew;
    if (this.#found && isKept) return this.#found;
    const passed = this.#test.passed();
    if (!passed) return { kind: "not certifiable", labels: this.#labels, moreLabels: this.#test.moreItems() };
    const { point, accepted, wrong, error, effective } = passed;
    const { delta } = this.#settings;
    const bound = effective === 0 ? 1 : upperBound(Math.round(error * effective), Math.round(effective), delta);
    this.#isNew = false;
    this.#found = {
      kind: "certified",
      threshold: this.version.grid[point]!,
      step: point,
      coverage: this.version.coverage[point]!,
      labels: this.#labels,
      accepted,
      wrong,
      error,
      upper: bound,
      classes: this.#hasClasses ? this.#testClasses(point) : {},
    };
    return this.#found;
  }

  #testClasses(point: number): TrialPassed["classes"] {
    const { classes, delta } = this.#settings;
    this.#testedOn = powerBelow(this.#second.length);
    return classThresholds({
      ...this.#settings,
      version: this.version,
      labels: this.#second.slice(0, this.#testedOn),
      threshold: this.version.grid[point]!,
      delta: delta / (Object.keys(classes).length + 1),
      attempt: Math.max(1, Math.log2(Math.max(1, this.#testedOn)) - SKIPPED),
    });
  }
}

/** Tests on fewer than 2^6 labels hardly ever pass, and share the first part of delta. */
const SKIPPED = 5;

function powerBelow(count: number): number {
  return count === 0 ? 0 : 2 ** Math.floor(Math.log2(count));
}
