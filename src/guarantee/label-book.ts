/**
 * The book of spent confidence. Labels that have certified one version have been looked at: a version chosen or kept
 * because of what they said is no longer independent of them. So labels never used have the full delta, and at their
 * j-th attempt they have delta * 6 / (pi^2 j^2), j = 2, 3, ... All reuse of one set, however often, then spends less
 * than 0.4 delta on top of the first.
 *
 * A set that mixes used and fresh labels counts as its most used label. The fresh ones alone have the full delta.
 */

import { UsageError } from "../core/errors.ts";
import { type Certificate, type CertifyOptions, certify } from "./certificate.ts";
import { refuseOddShare } from "./samples.ts";

/** One attempt to certify, passed or not: looking is what spends. */
export interface Spending {
  /** Key of the version that was tried. */
  readonly version: string;
  readonly attempt: number;
  /** Delta of a fresh set, and the level that was used. */
  readonly delta: number;
  readonly level: number;
  /** Clusters of the calibration labels. */
  readonly labels: readonly string[];
}

/** Plain data, oldest first: goes to JSON and back. */
export interface LabelBook {
  readonly spendings: readonly Spending[];
}

export const emptyBook: LabelBook = { spendings: [] };

export interface Budget {
  /** 1 for labels that were never used. */
  readonly attempt: number;
  /** The largest level that they may be used at. */
  readonly level: number;
  /** How many of them were used before. */
  readonly used: number;
}

/** What these labels may still be used at. */
export function levelFor(book: LabelBook, labels: readonly string[], delta: number): Budget {
  refuseOddShare("delta", delta);
  const attempts = new Map<string, number>();
  for (const { labels: spent, attempt } of book.spendings)
    for (const label of spent) attempts.set(label, Math.max(attempt, attempts.get(label) ?? 0));
  let [most, used] = [0, 0];
  for (const label of new Set(labels)) {
    const attempt = attempts.get(label);
    if (attempt === undefined) continue;
    used++;
    most = Math.max(most, attempt);
  }
  const attempt = most + 1;
  return { attempt, level: attempt === 1 ? delta : (delta * 6) / (Math.PI * attempt) ** 2, used };
}

/** The book after an attempt at `level`. Refuses a level that the labels no longer have. */
export function spend(book: LabelBook, { labels, delta, level, version }: Omit<Spending, "attempt">): LabelBook {
  const budget = levelFor(book, labels, delta);
  refuseOddShare("delta", level);
  if (level > budget.level * (1 + 1e-12)) {
    throw new UsageError(
      "spent_labels",
      `${budget.used} of ${labels.length} labels were used before: attempt ${budget.attempt} has a delta of ${budget.level}, not ${level}`,
      { value: level },
    );
  }
  const spending: Spending = { version, attempt: budget.attempt, delta, level, labels: [...new Set(labels)] };
  return { spendings: [...book.spendings, spending] };
}

export interface BookedOptions extends CertifyOptions {
  readonly book: LabelBook;
  readonly version: string;
  /** Instead of delta, for labels that were used before; see `levelFor`. */
  readonly level?: number;
}

/** `certify`, entered in the book. Refused when the labels do not have the level; delta is what fresh ones have. */
export function certifyOnce(options: BookedOptions): { readonly certificate: Certificate; readonly book: LabelBook } {
  const { book, version, delta, level = delta, ...rest } = options;
  const after = spend(book, { labels: rest.sample.clusters, delta, level, version });
  return { certificate: certify({ ...rest, delta: level }), book: after };
}

/** All levels spent on any of these labels, added up. */
export function spentOn(book: LabelBook, labels: readonly string[]): number {
  const asked = new Set(labels);
  const touched = book.spendings.filter((spending) => spending.labels.some((label) => asked.has(label)));
  return touched.reduce((sum, { level }) => sum + level, 0);
}
