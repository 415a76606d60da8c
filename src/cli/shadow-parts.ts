/** The parts of a shadow run: the local rungs are asked and judged as ever, and nothing comes of what they say. */

import type { OpenParts } from "../config/parts.ts";
import { messageOf } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Check } from "../gate/gate.ts";
import type { Journal } from "../journal/journal.ts";
import type { Policy, Standing } from "../policy/policy.ts";
import { readAnswer } from "../review/answer.ts";
import type { Rung } from "../rung/rung.ts";
import type { RunningParts } from "./session.ts";

/** Name of the rung that ends every ladder of a shadow run, and of the check that lets nothing below it stand. */
export const shadowName = "shadow";

/** What the check says of a reply that would have stood. */
export const wouldStand = "would stand";

/** Notes of the closing rung, by which a report tells its answers apart. */
export const approval = "approved, as nothing is called";
export const noSuchAnswer = "the known answer is none of this question";
/** Followed by the key of the certificate in force. */
export const underCertificate = "under certificate ";

/** Column of the data that holds the known answers of a step; by `null` that of every step without its own. */
export type Truths = ReadonlyMap<string | null, string>;

/**
 * As `parts`, with every ladder cut before its first rung that is paid or not local. Whatever a local rung says is
 * judged in full and then goes up to a closing rung, which says what people did where that is known, so that the run
 * goes on as it really did, else what would have stood, or the best suggestion. No tool that changes the world is
 * called.
 *
 * A known answer is a label, and a uniform one: every decision is taken, whatever the rungs make of it. It tells no
 * running promise anything: what it was compared with did not stand.
 */
export function shadowParts(parts: OpenParts, truths: Truths, say: (line: string) => void): RunningParts {
  const standings = new WeakMap<Question, Standing>();
  const stood = new WeakMap<Question, Json>();
  const closing = closingRung(parts.journal, truths, standings, stood);
  const holdBack: Check = (judged) => {
    const { question, rung, reply } = judged;
    if (rung.name === shadowName) return null;
    const stands = parts.checks.every((check) => check(judged)?.passes ?? true);
    if (stands && !stood.has(question)) stood.set(question, reply.value as Json);
    return { check: shadowName, passes: false, need: "a real run", have: stands ? wouldStand : "would go up" };
  };
  const policy: Policy = {
    standing(question, risk) {
      // By the real ladder, so that what is learned here is of the version that will serve.
      const standing = parts.policy.standing(question, risk, parts.ladder(question.name));
      if (!standing) return null;
      standings.set(question, standing);
      return everyItemDrawn(standing);
    },
    nudge: () => parts.policy.nudge(),
  };
  const ladders = new Map<readonly Rung[], readonly Rung[]>();
  const cut = (ladder: readonly Rung[]): readonly Rung[] => {
    const known = ladders.get(ladder) ?? [...belowPaid(ladder), closing];
    ladders.set(ladder, known);
    return known;
  };
  return {
    ...parts,
    policy,
    ladder: (name) => cut(parts.ladder(name)),
    checks: [...parts.checks, holdBack],
    floors: Object.fromEntries(
      Object.entries(parts.floors).map(([effect, rung]) => [effect, isFree(rung) ? rung : approver]),
    ),
    budget: null,
    reviewers: null,
    dryRun: true,
    async open() {
      const { journal } = parts;
      const { notes, vectors, recall, calls } = journal;
      const needs = { notes, vectors, recall, calls, say };
      for (const rung of parts.rungs) if (isFree(rung)) await rung.open?.(needs);
    },
  };
}

const isFree = ({ local, mostCost }: Rung): boolean => local && mostCost === 0;

/** Kept answers are left out: shadow answers are none to keep, and are not to be answered by real ones. */
function belowPaid(ladder: readonly Rung[]): readonly Rung[] {
  const end = ladder.findIndex((rung) => !isFree(rung));
  return (end === -1 ? ladder : ladder.slice(0, end)).filter(({ caches }) => !caches);
}

/** The standing with every coin drawn, and without the monitors: they watch the traffic that is served. */
function everyItemDrawn(standing: Standing): Standing {
  return {
    certificate: standing.certificate,
    why: standing.why,
    epoch: standing.epoch,
    learned: standing.learned,
    loosest: standing.certificate?.threshold ?? standing.loosest,
    holdsAudits: false,
    governs: (rung) => standing.governs(rung),
    judge: (rung, question, reply) => standing.judge(rung, question, reply),
    toss: (question) => ({ ...standing.toss(question), propensity: 1, drawn: true }),
    tossRule: (question, rule) => ({ ...standing.tossRule(question, rule), drawn: false }),
    watch: () => {},
  };
}

/** Says yes to every call: it is not made. Under the closing rung's name, so that it stands where that one does. */
const approver: Rung = {
  name: shadowName,
  local: false,
  mostCost: 0,
  acceptAt: null,
  decide: () => answered("yes", approval),
};

function closingRung(
  journal: Pick<Journal, "run">,
  truths: Truths,
  standings: WeakMap<Question, Standing>,
  stood: WeakMap<Question, Json>,
): Rung {
  return {
    name: shadowName,
    local: false,
    mostCost: 0,
    acceptAt: null,
    source: "known",
    decide(question, { run, suggestion }) {
      const key = standings.get(question)?.certificate?.key;
      const note = key === undefined ? undefined : `${underCertificate}${key}`;
      const truth = truthOf(question, inputOf(journal, run), truths);
      if (truth.kind === "known") return { ...answered(truth.value, note), basis: "certain" };
      const value = stood.get(question) ?? (suggestion?.value as Json | undefined) ?? anyAnswer(question);
      return value === undefined
        ? { kind: "escalated", reason: "nothing is known of it, locally or otherwise", usage: noUsage }
        : answered(value, truth.kind === "unfit" ? `${noSuchAnswer}: ${truth.why}` : note);
    },
  };
}

function answered(value: Json, note: string | undefined) {
  const evidence = note === undefined ? {} : { note };
  return { kind: "answered", value, confidence: null, basis: "none", evidence, usage: noUsage } as const;
}

/** The run's row as it was read: the loop's own input may know nothing of the column. */
function inputOf(journal: Pick<Journal, "run">, run: string): Json {
  return journal.run(Number(run.slice(run.lastIndexOf("-") + 1)))?.input ?? null;
}

type Truth =
  | { readonly kind: "known"; readonly value: Json }
  | { readonly kind: "none" }
  | { readonly kind: "unfit"; readonly why: string };

/** What people answered. A column that is named for no step speaks of those that know its value as an answer. */
export function truthOf(question: Question, input: Json, truths: Truths): Truth {
  const own = truths.get(question.name);
  const column = own ?? truths.get(null);
  if (column === undefined || typeof input !== "object" || input === null || Array.isArray(input)) {
    return { kind: "none" };
  }
  const cell = (input as { readonly [column: string]: Json })[column];
  if (cell === undefined || cell === null || cell === "") return { kind: "none" };
  const text = typeof cell === "string" ? cell : JSON.stringify(cell);
  const spelt = question.verb === "judge" ? ({ true: "yes", false: "no" }[text.toLowerCase()] ?? text) : text;
  try {
    return { kind: "known", value: readAnswer(question.toJSON(), spelt) };
  } catch (thrown) {
    return own === undefined && question.options.length === 0
      ? { kind: "none" }
      : { kind: "unfit", why: messageOf(thrown) };
  }
}

/** Where nobody knows anything: what does least, so that the run goes on and later steps are seen too. */
function anyAnswer({ verb, otherwise, options, tools }: Question): Json | undefined {
  if (otherwise !== null) return otherwise;
  if (verb === "pick") return options.find(({ name }) => !tools.some((tool) => tool.name === name))?.name;
  return options[0]?.name;
}
