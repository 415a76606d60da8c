/** A new version of a question's local rungs out of its labels: each rung learns what it can, all are calibrated. */

import { StorageError, UsageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Label, MetQuestion } from "../core/label.ts";
import type { MemberRecord } from "../core/policy-event.ts";
import { namesOf } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Answered } from "../gate/gate.ts";
import { fastest } from "../guarantee/betting.ts";
import { calibrate } from "../guarantee/calibrate.ts";
import type { Calibrator } from "../guarantee/calibrator.ts";
import { gridFrom } from "../guarantee/grid.ts";
import { fitPlatt } from "../guarantee/platt.ts";
import { tuneSample } from "../guarantee/samples.ts";
import type { ScoredLabel } from "../guarantee/scored.ts";
import { signalOf } from "../guarantee/signal.ts";
import { LearnedModel, type LearnedState } from "../learn/learned.ts";
import { learnedDigest, learnedFromBytes, learnedToBytes } from "../learn/learned-bytes.ts";
import type { Training, WarmStart } from "../learn/train.ts";
import { trainInBackground } from "../learn/trainer.ts";
import { learnedReply } from "../rung/learned-reply.ts";
import type { Features, LearnedAnswers, Rung } from "../rung/rung.ts";
import { nameOf } from "./class-thresholds.ts";
import {
  answering,
  confidenceOf,
  type LocalVersion,
  type Member,
  type Reading,
  type Said,
  standsUpTo,
  withJitter,
} from "./local-version.ts";
import { isClosed, type LiveQuestion, nameIndex, questionAbout, sameAnswer } from "./met-question.ts";
import { leastLabels } from "./schedule.ts";
import { versionKey } from "./version-key.ts";

/** What a version is made of, and from. */
export interface Teaching {
  readonly met: MetQuestion;
  readonly live: LiveQuestion;
  /** The local rungs that the promise is to cover, lowest first. */
  readonly rungs: readonly Rung[];
  /** Name of the rung that gives the labels. */
  readonly upper: string;
  /** One a cluster. */
  readonly labels: readonly Label[];
  readonly risk: number;
  /** Answers with a test of their own: they count as going up. */
  readonly classes: { readonly [value: string]: number };
  /** Where the last training of each rung ended, which the next one starts from. */
  readonly warm: Map<string, WarmStart>;
  readonly signal: AbortSignal;
  /** Runs a training: beside the main thread by default. */
  readonly train?: Train | undefined;
  /** Keeps learned weights under their digest. */
  readonly keep: (digest: string, bytes: Uint8Array) => Promise<void>;
}

/** How a training is run. */
export type Train = typeof trainInBackground;

export interface Taught {
  readonly version: LocalVersion;
  readonly records: readonly MemberRecord[];
  readonly notes: readonly string[];
}

/**
 * Trains and calibrates. The grid is made of what each label's item would get from rungs that had not seen it: out of
 * fold for what is learned, as asked for the others. Throws a `UsageError` `E_LEARN` where the labels teach nothing.
 */
export async function teach(teaching: Teaching): Promise<Taught> {
  const { met, rungs, labels, upper } = teaching;
  const taught: TaughtRung[] = [];
  for (const rung of rungs) taught.push(await teachRung(rung, teaching));
  const all = taught.map(({ said }) =>
    said.map((one, index) => one && { ...one, p: withJitter(one.p, labels[index]!.cluster) }),
  );
  const { muted, grid } = withoutSlow(all, teaching);
  if (grid.grid.length === 0) {
    throw new UsageError(
      "E_LEARN",
      "none of the local rungs had an answer to these labels' items that could be weighed",
    );
  }
  const members = taught.map(({ member }, place) => (place < muted ? { ...member, calibrator: null } : member));
  const notes = taught.flatMap(({ note }) => note ?? []);
  for (const { rung } of members.slice(0, muted))
    notes.push(`${rung.name}: lets nothing stand, as more stands without it`);
  const records = members.map(recordOf);
  const upTo = labels.reduce((last, { number }) => Math.max(last, number), 0);
  const key = versionKey({ question: met.version, members: records, upper, upTo });
  return { version: { key, members, ...grid, trainedOn: labels.length, upTo }, records, notes };
}

/** What each item gets from the rungs from one on: those below are left out. */
function readingsOf(all: readonly (readonly (Said | null)[])[], muted: number, items: number): Reading[] {
  return Array.from({ length: items }, (_, item) => all.map((said, place) => (place < muted ? null : said[item]!)));
}

/** Part of the foreseen growth of evidence that a version with all its cheap rungs must have. */
const ENOUGH = 0.85;

/**
 * How many of the lowest rungs let nothing stand. At one threshold for all, a rung that errs where others would not
 * makes the threshold stricter for all of them; it goes if that slows the way to a certificate noticeably.
 */
function withoutSlow(
  all: readonly (readonly (Said | null)[])[],
  teaching: Teaching,
): { readonly muted: number; readonly grid: GridFigures } {
  const candidates = all.map((_, muted) => {
    const grid = gridOf(teaching, readingsOf(all, muted, teaching.labels.length));
    return { muted, grid, growth: fastest(grid, teaching.risk).growth };
  });
  const enough = ENOUGH * Math.max(...candidates.map(({ growth }) => growth));
  return candidates.find(({ growth }) => growth >= enough) ?? candidates[0]!;
}

/** The thresholds of a version, and what training foresees at each. */
type GridFigures = Pick<LocalVersion, "grid" | "coverage" | "accepted" | "wrong">;

/** Of labels that say something about the traffic as it comes: the others would show it harder than it is. */
function gridOf({ met, labels, classes }: Teaching, readings: readonly Reading[]): GridFigures {
  const uniform = labels.flatMap(({ sample }, index) => (isUniform.has(sample) ? [index] : []));
  const items = uniform.map((index) => {
    const { cluster } = labels[index]!;
    const score = standsUpTo(readings[index]!);
    return { id: cluster, cluster, score: score < 0 ? null : score };
  });
  const { thresholds, coverage } = gridFrom(tuneSample(items));
  const counts = thresholds.map((threshold) => {
    let accepted = 0;
    let wrong = 0;
    for (const index of uniform) {
      const said = readings[index]![answering(readings[index]!, threshold)];
      if (!said || Object.hasOwn(classes, nameOf(said.value))) continue;
      accepted++;
      if (!sameAnswer(met, said.value, labels[index]!.answer.value)) wrong++;
    }
    return { accepted, wrong };
  });
  const accepted = counts.map((count) => count.accepted);
  return { grid: thresholds, coverage, accepted, wrong: counts.map(({ wrong }) => wrong) };
}

/** Drawn without a look at the item. What went up without its coin is harder than the rest. */
const isUniform: ReadonlySet<Label["sample"]> = new Set(["random", "audit", "history"]);

interface TaughtRung {
  readonly member: Member;
  /** What it says to each label's item, as if it had not seen it. */
  readonly said: readonly (Said | null)[];
  readonly note: string | null;
}

async function teachRung(rung: Rung, teaching: Teaching): Promise<TaughtRung> {
  const { met, labels } = teaching;
  const version = versionNow(rung, met);
  if (rung.learns && isClosed(met) && labels.length >= leastLabels) return await learn(rung, version, teaching);
  const replies = await askAll(rung, teaching);
  const plain: Member = { rung, version: versionNow(rung, met), answers: null, weights: null, calibrator: null };
  if (plain.version !== version) {
    const note = `${rung.name}: its numbers were still moving (a prior that is being learned), so it lets nothing stand yet`;
    return { member: plain, said: labels.map(() => null), note };
  }
  const { calibrator, escalates, why } = calibrate(scoredOf(replies, plain, teaching));
  const member = escalates ? plain : { ...plain, calibrator };
  return { member, said: saidOf(replies, member, met), note: `${rung.name}: ${why}` };
}

function versionNow(rung: Rung, met: MetQuestion): string {
  return rung.version?.(questionAbout(met, "")) ?? "";
}

/** What a rung that learns nothing says to each label's item. */
async function askAll(rung: Rung, { met, live, labels, signal }: Teaching): Promise<readonly (Answered | null)[]> {
  const context = { signal, run: "", item: null, suggestion: null, repair: null };
  return await eachItem(labels, signal, async ({ about }) => {
    const reply = await rung.decide(questionAbout(met, about, live), context);
    return reply.kind === "answered" ? reply : null;
  });
}

/** Items asked at once: runs wait for the same rungs. */
const AT_ONCE = 8;

/** One item on which a rung breaks says nothing, and must not keep the others from being learned from. */
async function eachItem<T>(
  labels: readonly Label[],
  signal: AbortSignal,
  read: (label: Label) => Promise<T | null>,
): Promise<readonly (T | null)[]> {
  const results = new Array<T | null>(labels.length).fill(null);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < labels.length) {
      const index = next++;
      signal.throwIfAborted();
      try {
        results[index] = await read(labels[index]!);
      } catch (thrown) {
        if (thrown instanceof StorageError) throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** Scores and whether they were right, for a calibrator. */
function scoredOf(replies: readonly (Answered | null)[], member: Member, { met, labels }: Teaching): ScoredLabel[] {
  return replies.flatMap((reply, index) => {
    const label = labels[index]!;
    if (!reply || reply.value === met.otherwise || member.answers?.unlearned.has(String(reply.value))) return [];
    const signal = signalOf(reply, isClosed(met) ? { options: namesOf(met) } : {});
    if (signal.kind === "none") return [];
    const { score, p } = signal;
    const correct = sameAnswer(met, reply.value as Json, label.answer.value);
    return [{ score, ...(p !== null && { p }), cluster: label.cluster, correct, weight: weightOf(label) }];
  });
}

function saidOf(replies: readonly (Answered | null)[], member: Member, met: MetQuestion): (Said | null)[] {
  const question = questionAbout(met, "");
  return replies.map((reply) => {
    const p = reply && confidenceOf(member, question, reply);
    return reply && p !== null ? { value: reply.value as Json, p } : null;
  });
}

async function featuresOf(rung: Rung, { met, live, labels, signal }: Teaching): Promise<readonly (Features | null)[]> {
  return await eachItem(labels, signal, async ({ about }) => {
    return (await rung.features?.(questionAbout(met, about, live), signal)) ?? null;
  });
}

async function learn(rung: Rung, version: string, teaching: Teaching): Promise<TaughtRung> {
  const { met, labels, warm, signal, keep } = teaching;
  const features = rung.learns === "features" ? await featuresOf(rung, teaching) : null;
  // An item that the rung cannot read teaches it nothing; an answer that is no name any more neither.
  const usable = labels.flatMap((label, index) =>
    nameIndex(met, label.answer.value) !== -1 && (!features || features[index]) ? [index] : [],
  );
  const names = namesOf(met);
  const rows = usable.map((index) => labels[index]!);
  const before = warm.get(rung.name);
  const training = await (teaching.train ?? trainInBackground)(
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
  const { state, outOfFold: p } = training;
  const weights = learnedDigest(state);
  await keep(weights, learnedToBytes(state));
  const replies = new Array<Answered | null>(labels.length).fill(null);
  for (const [row, index] of usable.entries()) {
    const own = p.subarray(row * names.length, (row + 1) * names.length);
    replies[index] = learnedReply(met, own, {}, noUsage);
  }
  const plain: Member = { rung, version, answers: answersOf(state), weights, calibrator: null };
  // Two parameters on what the fit had not seen: rungs that learned apart speak of the same probabilities.
  const member = { ...plain, calibrator: fitPlatt(scoredOf(replies, plain, teaching)) };
  return { member, said: saidOf(replies, member, met), note: noteOf(rung, training) };
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

function noteOf(rung: Rung, { compared, state }: Training): string {
  const figures = compared.map(({ basis, accuracy }) => `${basis} ${(accuracy * 100).toFixed(1)} %`);
  return `${rung.name}: ${state.basis}; out of fold ${figures.join(", ")}`;
}

/** Learned weights as what a rung asks. */
export function answersOf(state: LearnedState): LearnedAnswers {
  const model = new LearnedModel(state);
  return {
    unlearned: new Set(model.unlearned),
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
