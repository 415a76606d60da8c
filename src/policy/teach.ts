/** A new version of a question's local rungs out of its labels: each rung learns what it can, all are calibrated. */

import type { Json } from "../core/json.ts";
import type { Label, MetQuestion } from "../core/label.ts";
import type { MemberRecord } from "../core/policy-event.ts";
import { namesOf } from "../core/question.ts";
import { calibrate } from "../guarantee/calibrate.ts";
import type { Calibrator } from "../guarantee/calibrator.ts";
import { gridFrom } from "../guarantee/grid.ts";
import { tuneSample } from "../guarantee/samples.ts";
import type { ScoredLabel } from "../guarantee/scored.ts";
import { signalOf } from "../guarantee/signal.ts";
import { LearnedModel, type LearnedState } from "../learn/learned.ts";
import { learnedDigest, learnedFromBytes, learnedToBytes } from "../learn/learned-bytes.ts";
import type { Training, WarmStart } from "../learn/train.ts";
import { trainInBackground } from "../learn/trainer.ts";
import type { Features, LearnedAnswers, Rung } from "../rung/rung.ts";
import {
  type LocalVersion,
  type Member,
  type Reading,
  readItem,
  type Said,
  standsUpTo,
  withJitter,
} from "./local-version.ts";
import { isClosed, nameIndex, questionAbout, sameAnswer } from "./met-question.ts";
import { versionKey } from "./version-key.ts";

/** What a version is made of, and from. */
export interface Teaching {
  readonly met: MetQuestion;
  /** The local rungs that the promise is to cover, lowest first. */
  readonly rungs: readonly Rung[];
  /** Name of the rung that gives the labels. */
  readonly upper: string;
  /** One a cluster. */
  readonly labels: readonly Label[];
  /** Where the last training of each rung ended, which the next one starts from. */
  readonly warm: Map<string, WarmStart>;
  readonly signal: AbortSignal;
  /** Keeps learned weights under their digest. */
  readonly keep: (digest: string, bytes: Uint8Array) => Promise<void>;
}

export interface Taught {
  readonly version: LocalVersion;
  readonly records: readonly MemberRecord[];
  readonly notes: readonly string[];
}

/** Fewer labels than this teach nothing that is worth a trial. */
const LEAST_LABELS = 50;

/**
 * Trains and calibrates. The grid is made of what each label's item would get from rungs that had not seen it: out of
 * fold for what is learned, as asked for the others. Throws a `UsageError` `E_LEARN` where the labels teach nothing.
 */
export async function teach(teaching: Teaching): Promise<Taught> {
  const { met, rungs, labels, upper } = teaching;
  const notes: string[] = [];
  const members: Member[] = [];
  const readings: (Said | null)[][] = labels.map(() => []);
  for (const rung of rungs) {
    const { member, said, note } = await teachRung(rung, teaching);
    members.push(member);
    for (const [index, one] of said.entries()) {
      readings[index]!.push(one && { ...one, p: withJitter(one.p, labels[index]!.cluster) });
    }
    if (note) notes.push(note);
  }
  const grid = gridOf(labels, readings);
  const records = members.map(recordOf);
  const key = versionKey({ question: met.version, members: records, upper });
  const upTo = labels.reduce((last, { number }) => Math.max(last, number), 0);
  return { version: { key, members, ...grid, trainedOn: labels.length, upTo }, records, notes };
}

/** Labels that say something about the traffic as it comes; the others would show it harder than it is. */
function gridOf(labels: readonly Label[], readings: readonly Reading[]): Pick<LocalVersion, "grid" | "coverage"> {
  const isUniform = ({ sample }: Label): boolean => sample === "random" || sample === "audit" || sample === "history";
  const items = labels.flatMap(({ cluster, sample, propensity }, index) => {
    if (!isUniform(labels[index]!)) return [];
    const score = standsUpTo(readings[index]!);
    return [{ id: cluster, cluster, score: score < 0 ? null : score, sample, propensity }];
  });
  const { thresholds, coverage } = gridFrom(tuneSample(items));
  return { grid: thresholds, coverage };
}

interface TaughtRung {
  readonly member: Member;
  /** What it says to each label's item, as if it had not seen it. */
  readonly said: readonly (Said | null)[];
  readonly note: string | null;
}

async function teachRung(rung: Rung, teaching: Teaching): Promise<TaughtRung> {
  const { met, labels, signal } = teaching;
  const version = rung.version?.(questionAbout(met, "")) ?? "";
  if (rung.learns && isClosed(met) && labels.length >= LEAST_LABELS) {
    const features = rung.learns === "features" ? await featuresOf(rung, teaching) : null;
    return await learn(rung, version, features, teaching);
  }
  const asked = { rung, version, answers: null, weights: null, calibrator: null };
  const replies = await Promise.all(
    labels.map(async (label) => {
      const question = questionAbout(met, label.about);
      const reply = await rung.decide(question, { signal, run: "", item: null, suggestion: null, repair: null });
      if (reply.kind !== "answered" || reply.value === met.otherwise) return null;
      const found = signalOf(reply, isClosed(met) ? { options: namesOf(met) } : {});
      return found.kind === "none" ? null : { value: reply.value as Json, score: found.score, p: found.p };
    }),
  );
  const scored: ScoredLabel[] = replies.flatMap((reply, index) => {
    const { cluster, answer } = labels[index]!;
    if (!reply) return [];
    const { score, p, value } = reply;
    return [{ score, ...(p !== null && { p }), cluster, correct: sameAnswer(met, value, answer.value) }];
  });
  const { calibrator, escalates, why } = calibrate(scored);
  if (escalates) return { member: asked, said: labels.map(() => null), note: `${rung.name}: ${why}` };
  const member: Member = { ...asked, calibrator };
  const said = await Promise.all(
    labels.map(async ({ about, cluster }) => {
      const [one] = await readItem({ members: [member] }, questionAbout(met, about), cluster, signal);
      return one ?? null;
    }),
  );
  return { member, said, note: `${rung.name}: ${why}` };
}

async function featuresOf(rung: Rung, { met, labels, signal }: Teaching): Promise<readonly (Features | null)[]> {
  return await Promise.all(
    labels.map(({ about }) => rung.features?.(questionAbout(met, about), signal) ?? Promise.resolve(null)),
  );
}

async function learn(
  rung: Rung,
  version: string,
  features: readonly (Features | null)[] | null,
  { met, labels, warm, signal, keep }: Teaching,
): Promise<TaughtRung> {
  // An item that the rung cannot read teaches it nothing; an answer that is no name any more neither.
  const usable = labels.flatMap((label, index) =>
    nameIndex(met, label.answer.value) !== -1 && (!features || features[index]) ? [index] : [],
  );
  const names = namesOf(met);
  const rows = usable.map((index) => labels[index]!);
  const before = warm.get(rung.name);
  const training = await trainInBackground(
    {
      options: names,
      texts: rows.map(({ about }) => about),
      labels: rows.map(({ answer }) => names[nameIndex(met, answer.value)]!),
      sources: rows.map(({ answer }) => answer.source),
      weights: rows.map(weightOf),
      clusters: rows.map(({ cluster }) => cluster),
      ...(features &&
        denseOf(
          usable.map((index) => features[index]!),
          names.length,
        )),
    },
    { ...(before && { warm: before }), signal, staysAlive: true },
  );
  if (training.warm) warm.set(rung.name, training.warm);
  const { state } = training;
  const weights = learnedDigest(state);
  await keep(weights, learnedToBytes(state));
  const member: Member = { rung, version, answers: answersOf(state), weights, calibrator: null };
  return { member, said: outOfFold(training, usable, labels.length, met), note: noteOf(rung, training) };
}

/** An audit stands for all that were let through beside it. What went up, and the past, stand for themselves. */
function weightOf({ sample, propensity }: Label): number {
  const mostWeight = 20;
  return sample === "audit" && propensity ? Math.min(mostWeight, 1 / propensity) : 1;
}

function denseOf(features: readonly Features[], names: number) {
  const width = features[0]?.values.length ?? 0;
  const values = new Float32Array(features.length * width);
  for (const [row, { values: numbers }] of features.entries()) values.set(numbers, row * width);
  const scored = features.every(({ scores }) => scores?.length === names);
  const zeroShot = scored ? { zeroShot: Float32Array.from(features.flatMap(({ scores }) => scores ?? [])) } : {};
  const blocks = [{ name: "features", width, scaling: features[0]?.scaling ?? "unit" }];
  return { dense: { width, values }, blocks, ...zeroShot };
}

function outOfFold(training: Training, usable: readonly number[], labels: number, met: MetQuestion): (Said | null)[] {
  const said = new Array<Said | null>(labels).fill(null);
  const { state, outOfFold: p } = training;
  const names = state.options.length;
  for (const [row, index] of usable.entries()) {
    said[index] = mostLikely(p.subarray(row * names, (row + 1) * names), state, met);
  }
  return said;
}

/** The likeliest name, unless it is the way out or one that was never learned: those may stand nowhere. */
export function mostLikely(p: ArrayLike<number>, state: LearnedState, met: Pick<MetQuestion, "options">): Said | null {
  let best = 0;
  for (let index = 1; index < p.length; index++) if (p[index]! > p[best]!) best = index;
  const option = met.options[best];
  return option && state.learned.includes(best) ? { value: option.name, p: p[best]! } : null;
}

function noteOf(rung: Rung, { compared, state }: Training): string {
  const figures = compared.map(({ basis, accuracy }) => `${basis} ${(accuracy * 100).toFixed(1)} %`);
  return `${rung.name}: ${state.basis}; out of fold ${figures.join(", ")}`;
}

/** Learned weights as what a rung asks. */
export function answersOf(state: LearnedState): LearnedAnswers {
  const model = new LearnedModel(state);
  return {
    decide(text, features) {
      const zeroShot = features?.scores ?? undefined;
      return model.decide(text, { dense: features?.values, zeroShot }).probabilities;
    },
  };
}

export function recordOf({ rung, version, weights, calibrator }: Member): MemberRecord {
  return { name: rung.name, version, weights, calibrator: calibrator as Json };
}

/** The member as it was recorded, where its rung and its weights are still here; else `null`. */
export function memberFrom(
  { name, version, weights, calibrator }: MemberRecord,
  rungs: readonly Rung[],
  bytesOf: (digest: string) => Uint8Array | undefined,
): Member | null {
  const rung = rungs.find((other) => other.name === name);
  const bytes = weights === null ? undefined : bytesOf(weights);
  if (!rung || (weights !== null && !bytes)) return null;
  const answers = bytes ? answersOf(learnedFromBytes(bytes)) : null;
  return { rung, version, weights, answers, calibrator: calibrator as Calibrator | null };
}
