/** One question of a run: journaled already? Else up the ladder, through the gate, into the journal. */

import { type Answer, type Attempt, usableConfidence } from "../core/answer.ts";
import { cacheKeyOf } from "../core/cache-key.ts";
import type { StepWaiting } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { namedTool, type Question } from "../core/question.ts";
import type { Rung } from "../rung/rung.ts";
import { Weigh } from "./costs.ts";
import { noteOf, stoodUnder } from "./labelling.ts";
import { climb, type Resumed, toAnswer } from "./ladder.ts";
import { nextDay } from "./overflow.ts";
import type { Run } from "./run.ts";
import { took } from "./took.ts";

/** Everything that a loop may ask passes through here. Settles only with an answer that is on record. */
export async function answerStep<T>(
  run: Run,
  question: Question<T>,
  risk: number | null,
  ladder: readonly Rung[] = run.parts.ladder(question.name),
): Promise<Answer<T>> {
  const known = await recall(run, question, risk);
  if (known === "waits") return run.park(question.path);
  if (known) return known;
  if (run.isReplay) return run.missing(question.path);

  const begun = performance.now();
  const standing = run.parts.policy.standing(question, risk, ladder);
  const costs = run.parts.costs(question.name);
  const weigh = costs && new Weigh(costs, question, ladder, standing, risk);
  const from = resumedAt(run, question, ladder);
  const climbed = await climb(question, ladder, run, standing, weigh, from);
  const { path, verb, version } = question;
  const { trail } = climbed;
  // What the local rungs said was seen when they said it.
  if (!from) standing?.watch(question, lastValue(trail));
  if (climbed.kind === "too dear") {
    // Money may have been spent on the way: it must not be forgotten with the step.
    if (trail.length > 0) await run.append({ type: "step_stopped", path, trail });
    return run.halt({ kind: "limit", limit: "spend", allowed: climbed.allowed, path });
  }
  if (climbed.kind === "blocked") {
    await run.append({ type: "step_stopped", path, trail });
    return run.sleepUntil(nextDay(run.parts.now()));
  }
  const key = ladder.some((rung) => rung.caches) ? { cacheKey: cacheKeyOf(question) } : {};
  if (climbed.kind === "waits") {
    const note = standing && noteOf(standing, question, climbed);
    const { awaits } = climbed;
    const asked = { path, question: question.toJSON(), risk, trail, ...key, ...(awaits !== undefined && { awaits }) };
    const event = { type: "step_waiting", ...asked } as const;
    const { name, about } = question;
    // Set aside at once, without its answer: an item that waits is one that the next certificate must wait for.
    const label = note && {
      question: name,
      version,
      about,
      ...note,
      decision: `${run.record.id}/${path}`,
      answer: null,
    };
    await run.append(note ? { ...event, label: note } : event, label ?? undefined);
    return run.park(path);
  }
  const { reply, rung, value, raw } = climbed;
  const stood = standing && stoodUnder(standing, question, rung, ladder, climbed);
  const { basis, origin } = reply;
  // A safe answer given for want of a better one is not worth keeping; what a model above said is.
  const keep = origin === undefined && (basis !== "none" || !rung.local || rung.mostCost !== 0);
  const given = {
    confidence: stood?.confidence ?? usableConfidence(reply.confidence),
    basis: stood?.confidence === undefined ? basis : "calibrated",
    rung: rung.name,
    ...(origin && { origin }),
    ...(stood?.record && { standing: stood.record }),
  } as const;
  await run.append(
    {
      type: "step_answered",
      path,
      verb,
      question: version,
      value: raw,
      ...given,
      risk,
      trail,
      milliseconds: took(begun),
      ...(keep && key),
    },
    stood?.label(`${run.record.id}/${path}`),
  );
  return toAnswer(path, value, given, risk);
}

/** A step that awaited a rung goes on from there: below it nothing is asked, or paid, a second time. */
function resumedAt(run: Run, question: Question, ladder: readonly Rung[]): Resumed | undefined {
  const waited = run.past.reopened.get(question.path);
  if (waited?.question.version !== question.version) return undefined;
  const place = ladder.findIndex(({ name }) => name === waited.awaits);
  if (place === -1) return undefined;
  const last = waited.trail.findLast(({ value }) => value !== undefined);
  const suggestion =
    last?.value === undefined ? null : { rung: last.rung, value: last.value, confidence: last.confidence ?? null };
  return { place, suggestion };
}

/** What the last local rung that had a value said. */
function lastValue(trail: readonly Attempt[]): Json | null {
  return trail.findLast(({ value, verdict }) => value !== undefined && verdict !== undefined)?.value ?? null;
}

/**
 * Whether a person picked a tool out of the offer that they saw. What is offered now may be less, as side by side
 * branches come in another order; limits and prerequisites are looked at once more before the call.
 */
function wasOffered({ question }: StepWaiting, value: Json): boolean {
  const name = question.verb === "pick" ? namedTool(value) : null;
  return name !== null && question.tools.some((tool) => tool.name === name);
}

/** The journaled answer, if the question still understands it. */
async function recall<T>(run: Run, question: Question<T>, risk: number | null): Promise<Answer<T> | "waits" | null> {
  const past = run.past.answers.get(question.path);
  if (!past) return null;
  if (past.kind === "waiting") return past.waiting.question.version === question.version ? "waits" : null;
  // What a person said was seen by no gate; once its call is on record, it was found good.
  const stood =
    past.kind === "answered" ||
    run.past.calls.has(question.path) ||
    run.past.started.has(question.path) ||
    wasOffered(past.waiting, past.value);
  const raw = past.kind === "answered" ? past.event.value : past.value;
  const parsed = await (stood ? question.reread(raw) : question.parse(raw));
  if (!parsed.ok) return null;
  if (past.kind === "by person") {
    return toAnswer(question.path, parsed.value, { confidence: null, basis: "certain", rung: "person" }, risk);
  }
  return toAnswer(question.path, parsed.value, past.event, risk);
}
