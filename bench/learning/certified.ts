// A certificate without a stream: so many labels train a version, the next ones certify it, and a journal gets the record,
// so that the product's own policy finds it there and serves it.

import type { Label } from "../../src/core/label.ts";
import type { CertificateFigures, MemberRecord } from "../../src/core/policy-event.ts";
import { noUsage } from "../../src/core/usage.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { metQuestion, questionAbout, sameAnswer } from "../../src/policy/met-question.ts";
import { Trial } from "../../src/policy/trial.ts";
import { versionKey } from "../../src/policy/version-key.ts";
import type { Rung } from "../../src/rung/rung.ts";
import type { Asked, Item } from "./stream.ts";
import { labelsOf, metOf, questionOf, readText, taughtOn } from "./taught.ts";

/** What a journal must know of a version that serves. */
export interface Certified {
  readonly members: readonly MemberRecord[];
  readonly weights: ReadonlyMap<string, Uint8Array>;
  readonly grid: readonly number[];
  readonly coverage: readonly number[];
  readonly accepted: readonly number[];
  readonly wrong: readonly number[];
  readonly figures: CertificateFigures;
}

export interface Certifying {
  readonly asked: Asked;
  readonly rungs: readonly Rung[];
  /** Labelled items: the first `train` teach, the others certify. */
  readonly items: readonly Item[];
  readonly train: number;
  readonly risk: number;
}

const delta = 0.05;
const name = "answer";

/** `null` where the labels do not suffice for any threshold. */
export async function certified({ asked, rungs, items, train, risk }: Certifying): Promise<Certified | null> {
  const met = metOf(asked);
  const labels = labelsOf(items, met.version);
  const { version, records, weights } = await taughtOn({ asked, rungs, labels: labels.slice(0, train), risk });
  const same = (a: Label["answer"]["value"], b: Label["answer"]["value"]) => sameAnswer(met, a, b);
  const trial = new Trial(version, version.upTo, labels.slice(0, train), { risk, delta, classes: {}, same });
  for (const label of labels.slice(train)) {
    if (!trial.wants(label)) continue;
    trial.add(label, await readText(met, version.members, label.about));
  }
  const passed = trial.test();
  if (passed.kind !== "certified") return null;
  const { threshold, step, coverage, accepted, wrong, error, upper } = passed;
  const figures = { threshold, step, coverage, accepted, wrong, error, upper, labels: passed.labels, risk, delta };
  return { ...version, members: records, weights, figures: { ...figures, source: "known" } };
}

/**
 * Writes the certificate into an empty journal, for these rungs: they take the places of those that it was made with,
 * one for one, and must say the same. They must be open, and `upper` must be the rung above them.
 */
export async function issue(
  journal: Journal,
  { members, weights, figures, grid, coverage, accepted, wrong }: Certified,
  { asked, rungs, upper, step = name }: { asked: Asked; rungs: readonly Rung[]; upper: string; step?: string },
): Promise<void> {
  const met = metQuestion(questionOf(asked, step));
  const records = members.map((member, place): MemberRecord => {
    const rung = rungs[place]!;
    return { ...member, name: rung.name, version: rung.version?.(questionAbout(met, "")) ?? "" };
  });
  for (const [digest, bytes] of weights) await journal.weights.set(digest, bytes);
  const key = versionKey({ question: met.version, members: records, upper, upTo: 0 });
  // As if one label had been set aside by then: a certificate counts only after the last alarm, and there is none at 0.
  const about = { question: step, version: met.version, at: 0, seq: 0, after: 1 };
  const made = { members: records, upper, trainedOn: 0, upTo: 0, grid, coverage, accepted, wrong, notes: [] };
  await journal.policy.append([
    { type: "question_met", ...about, record: met, risk: figures.risk },
    { type: "version_made", ...about, key, ...made },
    { type: "certificate_issued", ...about, key, ...figures },
  ]);
}

/** A certificate on raw probabilities for rungs that learned nothing, at a threshold of 0.9: to time what it costs. */
export function assumed(rungs: readonly Rung[], risk: number): Certified {
  const members = rungs.map((rung) => ({ name: rung.name, version: "", weights: null, calibrator: { kind: "raw" } }));
  const counts = { accepted: 990, wrong: 10, labels: 1000, error: 0.01, upper: 0.02 };
  const figures = { threshold: 0.9, step: 1, coverage: 0.99, risk, delta, ...counts, source: "known" } as const;
  const version = { grid: [0.95, 0.9], coverage: [0.9, 0.99], accepted: [900, 990], wrong: [5, 10] };
  return { members, weights: new Map(), ...version, figures };
}

/** A reply with evidence, as a local rung gives it at once. */
export function instant(rung: string, sureness: number): Rung {
  return {
    name: rung,
    local: true,
    mostCost: 0,
    acceptAt: 0.9,
    version: () => "1",
    decide({ options }) {
      const rest = (1 - sureness) / (options.length - 1);
      const evidence = { options: options.map(({ name }, index) => ({ name, p: index === 0 ? sureness : rest })) };
      const value = options[0]!.name;
      return { kind: "answered", value, confidence: sureness, basis: "similarity", evidence, usage: noUsage };
    },
  };
}
