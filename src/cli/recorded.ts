/**
 * The promises of a journal as they are on record, without any model: rungs are stood in for by what the record says of
 * them. Whether the model files are still the same, a run looks at when it opens them.
 */

import type { Label, MetQuestion } from "../core/label.ts";
import type { MemberRecord, PolicyEvent } from "../core/policy-event.ts";
import { questionAbout } from "../policy/met-question.ts";
import { coveredBy } from "../policy/open-policy.ts";
import { QuestionPolicy, type QuestionSettings } from "../policy/question-policy.ts";
import { type VersionMade, versionFrom } from "../policy/recorded-version.ts";
import type { NotYet, TrialPassed } from "../policy/trial.ts";
import type { Rung } from "../rung/rung.ts";
import { evidence } from "./evidence.ts";
import type { Session } from "./session.ts";

/** A question of the record. */
export interface RecordedQuestion {
  readonly met: MetQuestion;
  readonly settings: QuestionSettings;
  /** For its report; it must not be told to go on. */
  readonly policy: QuestionPolicy;
  /** Of this version of the question, in order. */
  readonly events: readonly PolicyEvent[];
  /** The rung that gives the labels. */
  readonly upper: string;
  /** How the config's ladder differs from what the last version was made of; `null` where it does not. */
  readonly stranger: string | null;
}

/** Every question that asked for a promise, in every version and risk, oldest first. */
export function recordedQuestions({ journal, config, parts }: Session): readonly RecordedQuestion[] {
  const all = journal.policy.read();
  const found: RecordedQuestion[] = [];
  for (const event of all) {
    if (event.type !== "question_met") continue;
    const { record: met, risk, question } = event;
    const events = all.filter((other) => other.question === question && other.version === met.version);
    const last = events.findLast((other) => other.type === "version_made");
    const ladder = parts.ladder(question);
    const covered = coveredBy(ladder);
    const names = covered?.rungs.map(({ name }) => name) ?? [];
    const members = last?.members ?? names.map((name) => ({ name, version: "", weights: null, calibrator: null }));
    const { classes = {}, audit } = config.questions?.[question] ?? {};
    const delta = config.promises?.delta ?? 0.05;
    const settings = { risk, delta, classes, holdsAudits: audit?.when === "hold" };
    const upper = last?.upper ?? covered?.upper.name ?? "nobody";
    const rungs = members.map((member) => standIn(member, ladder));
    const policy = new QuestionPolicy(questionAbout(met, ""), settings, {
      journal,
      rungs,
      upper,
      now: Date.now,
      say: () => {},
    });
    const stranger = last ? difference(last, names, covered?.upper.name) : null;
    found.push({ met, settings, policy, events, upper, stranger });
  }
  return found;
}

function standIn({ name, version }: MemberRecord, ladder: readonly Rung[]): Rung {
  const learns = ladder.find((rung) => rung.name === name)?.learns ?? (name === "words" ? "words" : undefined);
  return {
    name,
    local: true,
    mostCost: 0,
    acceptAt: 0,
    ...(learns && { learns }),
    version: () => version,
    decide: () => {
      throw new Error(`${name} is only on record here`);
    },
  };
}

function difference(
  { members, upper }: VersionMade,
  names: readonly string[],
  above: string | undefined,
): string | null {
  const recorded = members.map(({ name }) => name);
  const said = (list: readonly string[]): string => list.join(", ") || "none";
  if (recorded.join("\0") !== names.join("\0")) {
    return `the local rungs were ${said(recorded)}; the config's are ${said(names)}`;
  }
  return upper === above ? null : `the labels came from ${upper}; the config has ${above ?? "nobody"} above`;
}

/** What the version on trial has shown, where its rungs can be asked without a model; `null` where they cannot. */
export async function recordedTest(
  { policy, met, settings, events }: RecordedQuestion,
  { journal, parts }: Session,
  signal: AbortSignal,
): Promise<{ readonly labels: number; readonly test: TrialPassed | NotYet } | null> {
  const { trial, labels } = policy.report();
  const made = events.findLast((event) => event.type === "version_made" && event.key === trial?.key);
  if (made?.type !== "version_made") return null;
  const ladder = parts.ladder(met.name);
  const rungs = made.members.map((member) => standIn(member, ladder));
  if (rungs.some(({ learns }, place) => learns !== "words" || made.members[place]!.weights === null)) return null;
  const found = versionFrom(made, met, rungs, (digest) => journal.weights.get(digest));
  if (found.kind === "gone") return null;
  const { version } = found;
  const shown = await evidence({ version, after: startOf(made, events), labels, settings, met }, signal);
  return { labels: shown.labels, test: shown.test() };
}

/** Only labels of decisions behind this one are evidence about the version. */
export function startOf({ upTo }: VersionMade, events: readonly PolicyEvent[]): number {
  const gone = events.findLast((event) => event.type === "certificate_revoked")?.after ?? 0;
  return Math.max(upTo, gone);
}

/** Labels that speak about a version, by the record alone. */
export function evidenceCount(made: VersionMade, events: readonly PolicyEvent[], labels: readonly Label[]): number {
  const after = startOf(made, events);
  const speaks = ({ sample, propensity, number }: Label): boolean =>
    propensity !== null && number > after && (sample === "random" || sample === "audit" || sample === "escalated");
  return labels.filter(speaks).length;
}
