/** All that a journal knows of a question: state, history, and what its labels say of its versions. */

import { UsageError } from "../core/errors.ts";
import type { Label } from "../core/label.ts";
import { type LocalVersion, type Reading, readItem } from "../policy/local-version.ts";
import { questionAbout } from "../policy/met-question.ts";
import { type VersionMade, versionFrom } from "../policy/recorded-version.ts";
import { compare, type VersionComparison } from "../report/comparison.ts";
import {
  type Evaluation,
  evaluate,
  type HeldOut,
  heldOut,
  leastHeldOut,
  type UpperPrice,
} from "../report/evaluation.ts";
import { decisionsOf, historyOf, type PastRun, stateChanges } from "../report/history.ts";
import type { QuestionFacts } from "../report/report.ts";
import type { Rung } from "../rung/rung.ts";
import { missingText, promiseOf } from "./promise-text.ts";
import { evidenceCount, type RecordedQuestion, recordedQuestions, recordedTest, startOf } from "./recorded.ts";
import type { Session } from "./session.ts";

export interface FactsOptions {
  /** Key of the version to evaluate, or its beginning; what serves, else the newest, unless told. */
  readonly key?: string | undefined;
  /** Key of the version to compare it with; the newest other one unless told. */
  readonly against?: string | undefined;
  /** Whether rungs that need a model may be opened. Without, only versions made of words are read. */
  readonly opens: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** The newest version of every question that asked for a promise; of one, if it is named. Throws `E_NO_QUESTION`. */
export function newestQuestions(session: Session, name?: string): readonly RecordedQuestion[] {
  const newest = new Map(recordedQuestions(session).map((recorded) => [recorded.met.name, recorded]));
  if (name === undefined) return [...newest.values()];
  const found = newest.get(name);
  if (found) return [found];
  const names = [...newest.keys()].join(", ") || "none yet";
  throw new UsageError(
    "E_NO_QUESTION",
    `no question ${name} asked for a promise in this journal; those that did: ${names}`,
    {
      value: name,
    },
  );
}

/** Reads every label that can judge the version: with a model in the ladder that takes a while. */
export async function questionFacts(
  session: Session,
  recorded: RecordedQuestion,
  options: FactsOptions,
): Promise<QuestionFacts> {
  const { met, settings, policy, events, upper } = recorded;
  const { journal } = session;
  const { state, serving } = policy.report();
  const answered = [...journal.labels.answered(met.name, met.version)];
  const changes = stateChanges(met, settings.risk, events, answered);
  const decisions = decisionsOf(met, pastRuns(session), session.isLocal);
  const judged = await judge(session, recorded, answered, options);
  return {
    question: met.name,
    ask: met.ask,
    version: met.version,
    risk: settings.risk,
    state,
    why: await whyOf(session, recorded, options.signal),
    promise: serving && promiseOf(met.name, serving.key, serving.figures, upper),
    history: historyOf(changes, decisions),
    ...judged,
  };
}

function* pastRuns({ journal }: Session): Iterable<PastRun> {
  for (const { number, started } of journal.runs({})) yield { started, events: journal.events(number) };
}

async function whyOf(session: Session, recorded: RecordedQuestion, signal: AbortSignal): Promise<string> {
  const { policy, settings, stranger, events } = recorded;
  const { why, trial, serving, labels } = policy.report();
  if (stranger !== null) return stranger;
  if (serving || !trial) return why;
  const tested = await recordedTest(recorded, session, signal);
  if (tested?.test.kind === "not certifiable") return missingText(tested.test, settings.risk);
  const made = madeOf(events).find(({ key }) => key === trial.key);
  return `a version is on trial, with ${made ? evidenceCount(made, events, labels) : 0} labels so far`;
}

function madeOf(events: RecordedQuestion["events"]): readonly VersionMade[] {
  const made = events.filter((event) => event.type === "version_made");
  // A version that was made again is the same one.
  return [...new Map(made.map((event) => [event.key, event])).values()];
}

type Judgement = Pick<QuestionFacts, "evaluation" | "notEvaluated" | "comparison">;

const unjudged = (notEvaluated: string): Judgement => ({ evaluation: null, notEvaluated, comparison: null });

async function judge(
  session: Session,
  recorded: RecordedQuestion,
  labels: readonly Label[],
  options: FactsOptions,
): Promise<Judgement> {
  const { met, policy, events, upper } = recorded;
  const made = madeOf(events);
  const { serving, nextTraining } = policy.report();
  const newest = made.at(-1);
  if (!newest) {
    const clusters = new Set(labels.map(({ cluster }) => cluster)).size;
    const more = Math.max(1, nextTraining - clusters);
    return unjudged(`not enough labels: ${more} more until ${met.name} first learns from them (${clusters} so far)`);
  }
  const chosen = options.key === undefined ? serving?.key : named(made, options.key).key;
  const event = made.find(({ key }) => key === chosen) ?? newest;
  const fresh = heldOut(labels, startOf(event, events));
  if (fresh.labels.length < leastHeldOut) return unjudged(tooFew(event, fresh));
  const version = await readable(session, recorded, event, options);
  if (typeof version === "string") return unjudged(version);
  const read = await readAll(version, recorded, fresh.labels, options);
  const evaluation: Evaluation = evaluate({
    met,
    version,
    members: version.members.map(({ rung }) => rung.name),
    read: fresh.labels.map((label, index) => ({ label, reading: read[index]! })),
    leftOut: fresh.leftOut,
    upper,
    price: priceOf(session, met.name, upper),
    certificate: serving?.key === event.key ? serving.figures : null,
  });
  const comparison = await compared(session, recorded, { event, version, made, labels }, options);
  return { evaluation, notEvaluated: null, comparison };
}

function tooFew({ key }: VersionMade, { labels }: HeldOut): string {
  const more = leastHeldOut - labels.length;
  return `not enough labels: ${more} more that version ${key} was not trained on (${labels.length} so far)`;
}

function named(made: readonly VersionMade[], key: string): VersionMade {
  const found = made.filter((event) => event.key.startsWith(key));
  if (found.length === 1) return found[0]!;
  const keys = made.map((event) => event.key).join(", ") || "none yet";
  const what = found.length === 0 ? "no version" : "more than one version";
  throw new UsageError("E_NO_VERSION", `${what} begins with ${key}; there are ${keys}`, { value: key });
}

interface Chosen {
  readonly event: VersionMade;
  readonly version: LocalVersion;
  readonly made: readonly VersionMade[];
  readonly labels: readonly Label[];
}

/** The version beside another, the older one first; `null` where there is no other that can be read on enough labels. */
async function compared(
  session: Session,
  recorded: RecordedQuestion,
  { event, version, made, labels }: Chosen,
  options: FactsOptions,
): Promise<VersionComparison | null> {
  const wanted = options.against === undefined ? null : named(made, options.against);
  const refuse = (why: string): null => {
    if (wanted) throw new UsageError("E_COMPARE", why, { value: options.against });
    return null;
  };
  const other = wanted ?? made.findLast(({ key }) => key !== event.key);
  if (!other) return null;
  if (other.key === event.key) return refuse(`${other.key} is the version itself; name another one`);
  const { events, met } = recorded;
  const [before, after] = made.indexOf(other) < made.indexOf(event) ? [other, event] : [event, other];
  const fresh = heldOut(labels, Math.max(startOf(before, events), startOf(after, events)));
  if (fresh.labels.length < leastHeldOut) return refuse(tooFew(after, fresh));
  const second = await readable(session, recorded, other, options);
  if (typeof second === "string") return refuse(second);
  const readings = new Map([
    [event.key, await readAll(version, recorded, fresh.labels, options)],
    [other.key, await readAll(second, recorded, fresh.labels, options)],
  ]);
  const read = fresh.labels.map((label, index) => ({
    label,
    before: readings.get(before.key)![index]!,
    after: readings.get(after.key)![index]!,
  }));
  return compare(met, { before: before.key, after: after.key }, read);
}

/** The version with its rungs open, or why it cannot be read. */
async function readable(
  { parts, journal }: Session,
  { met }: RecordedQuestion,
  event: VersionMade,
  { opens, say }: FactsOptions,
): Promise<LocalVersion | string> {
  const members = new Map(event.members.map((member) => [member.name, member]));
  const rungs = parts.ladder(met.name).filter(({ name }) => members.has(name));
  const isAlone = ({ name, learns }: Rung): boolean => learns === "words" && members.get(name)?.weights !== null;
  const needed = rungs.filter((rung) => !isAlone(rung));
  if (needed.length > 0 && !opens) {
    return `version ${event.key} is read with ${needed.map(({ name }) => name).join(", ")}: pawl eval --report does so`;
  }
  const { notes, vectors, recall, calls } = journal;
  for (const rung of needed) await rung.open?.({ notes, vectors, recall, calls, say });
  const found = versionFrom(event, met, rungs, (digest) => journal.weights.get(digest));
  return found.kind === "whole" ? found.version : `version ${event.key} cannot be read: ${found.why}`;
}

async function readAll(
  version: LocalVersion,
  { met }: RecordedQuestion,
  labels: readonly Label[],
  { signal }: FactsOptions,
): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  for (const { about, cluster } of labels) {
    signal.throwIfAborted();
    readings.push(await readItem(version, questionAbout(met, about), cluster, signal));
  }
  return readings;
}

/** Money where the rung has a price, minutes where it is a person. */
function priceOf({ parts, config, currency }: Session, step: string, upper: string): UpperPrice | null {
  if (upper === "person") return { amount: config.budget?.minutesPerAnswer ?? 0.5, unit: "minutes" };
  const cost = parts.ladder(step).find(({ name }) => name === upper)?.mostCost ?? null;
  return cost === null ? null : { amount: cost, unit: currency };
}
