/** From a config to the parts that a run is given. */

import { UsageError } from "../core/errors.ts";
import type { Effect } from "../core/question.ts";
import { effects } from "../gate/effects.ts";
import type { Check } from "../gate/gate.ts";
import { limits } from "../gate/limits.ts";
import { threshold } from "../gate/threshold.ts";
import { validators } from "../gate/validators.ts";
import { wayOut } from "../gate/way-out.ts";
import type { Journal } from "../journal/journal.ts";
import { DayBudget } from "../loop/budget.ts";
import type { Costs } from "../loop/costs.ts";
import { FoundRight } from "../loop/found-right.ts";
import type { Parts } from "../loop/run.ts";
import { Scarcity } from "../loop/scarcity.ts";
import { OpenPolicy } from "../policy/open-policy.ts";
import type { Train } from "../policy/teach.ts";
import { person } from "../rung/person.ts";
import { priced } from "../rung/priced.ts";
import type { Rung } from "../rung/rung.ts";
import type { Config } from "./config.ts";

export interface PartsOptions {
  readonly dryRun?: boolean;
  /** A shadow run: no audit is answered by a rung that is paid or not local. */
  readonly shadow?: boolean;
  readonly stop?: AbortSignal;
  readonly now?: () => number;
  readonly random?: () => number;
  /** How rungs are trained; in a thread of its own by default. */
  readonly train?: Train;
  /** Where rungs report what they load. */
  readonly say?: (line: string) => void;
}

/** The gate's conjunction, in the order in which a receipt lists it. */
const checks: readonly Check[] = [threshold, wayOut, validators, effects, limits];

/** The parts, and the rungs that must be opened before and closed after. */
export interface OpenParts extends Parts {
  readonly policy: OpenPolicy;
  /** Every rung that some question may climb to, each once. */
  readonly rungs: readonly Rung[];
  /** Opens every rung. Rejects with the `ModelError` of the first that cannot. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Puts the parts together. Every ladder ends with a rung that settles the question: a person where none does. */
export function makeParts(config: Config, journal: Journal, options: PartsOptions = {}): OpenParts {
  const safe = person();
  const { budget = {} } = config;
  const perReply = config.prices?.perReply ?? {};
  const now = options.now ?? Date.now;
  const withPrices = new Map<Rung, Rung>();
  const climbs = (ladder: readonly Rung[]): readonly Rung[] =>
    ending(ladder, safe).map((rung) => withPrice(rung, perReply[rung.name], withPrices));
  const common = climbs(config.ladder ?? []);
  const own = new Map<string, readonly Rung[]>();
  for (const [step, { ladder, floor }] of Object.entries(config.questions ?? {})) {
    own.set(step, fromFloor(ladder ? climbs(ladder) : common, floor));
  }
  const floors: { [E in Effect]?: Rung } = {};
  const { write = null, irreversible = safe } = config.effects ?? {};
  const floor = (rung: Rung): Rung => withPrice(rung, perReply[rung.name], withPrices);
  if (write) floors.write = floor(write);
  if (irreversible) floors.irreversible = floor(irreversible);
  const audits = Object.values(config.questions ?? {}).flatMap(({ audit }) => (audit?.by ? [floor(audit.by)] : []));
  const rungs = [...new Set([common, ...own.values(), Object.values(floors), audits].flat())];
  const unknown = Object.keys(perReply).find((name) => !rungs.some((rung) => rung.name === name));
  if (unknown !== undefined) {
    const names = rungs.map((rung) => rung.name).join(", ");
    throw new UsageError("E_CONFIG", `prices.perReply names ${unknown}, but the rungs are ${names}`, {
      value: unknown,
    });
  }
  const minutes = budget.reviewerMinutesPerDay;
  const dayBudget = budget.perDay === undefined ? null : new DayBudget(budget.perDay, journal.notes, now);
  const reviewers = minutes === undefined ? null : new DayBudget(minutes, journal.notes, now, "reviewer-minutes");
  const minutesPerAnswer = budget.minutesPerAnswer ?? 0.5;
  const costs = costsOf(config, journal, rungs, { budget: dayBudget, reviewers, minutesPerAnswer, now });
  const { delta = 0.05, learn = true } = config.promises ?? {};
  const say = options.say ?? (() => {});
  const policy = new OpenPolicy({
    journal,
    delta,
    learns: learn && !options.dryRun,
    purse: dayBudget,
    train: options.train,
    now,
    say,
    of(step) {
      const { classes = {}, audit } = config.questions?.[step] ?? {};
      const named = audit?.by && withPrice(audit.by, perReply[audit.by.name], withPrices);
      const by = options.shadow ? safe : named;
      return { classes, holdsAudits: audit?.when === "hold", ...(by && { auditor: by }) };
    },
  });
  return {
    journal,
    rungs,
    ladder: (name) => own.get(name) ?? common,
    checks,
    policy,
    floors,
    now,
    random: options.random ?? Math.random,
    budget: dayBudget,
    unpriced: budget.unpriced ?? "refuse",
    reviewers,
    minutesPerAnswer,
    overflow: (name) => config.questions?.[name]?.overflow ?? budget.overflow ?? "queue",
    costs: (name) => costs.get(name) ?? null,
    dryRun: options.dryRun ?? false,
    stop: options.stop ?? new AbortController().signal,
    async open() {
      const needs = {
        notes: journal.notes,
        vectors: journal.vectors,
        recall: journal.recall,
        calls: journal.calls,
        ...(budget.currency !== undefined && { currency: budget.currency }),
        say,
      };
      for (const rung of rungs) await rung.open?.(needs);
    },
    async close() {
      await policy.close();
      await Promise.allSettled(rungs.map((rung) => rung.close?.()));
    },
  };
}

/** What a wrong answer costs, for the questions of which the config says so. */
function costsOf(
  config: Config,
  journal: Journal,
  rungs: readonly Rung[],
  { budget, reviewers, minutesPerAnswer, now }: Pick<Parts, "budget" | "reviewers" | "minutesPerAnswer" | "now">,
): ReadonlyMap<string, Costs> {
  const errors = Object.entries(config.questions ?? {}).flatMap(([step, { errorCost }]) =>
    errorCost === undefined ? [] : [[step, errorCost] as const],
  );
  if (errors.length === 0) return new Map();
  const dearest = Math.max(...errors.map(([, error]) => error));
  const cheapest = Math.min(...rungs.flatMap(({ mostCost }) => (mostCost ? [mostCost] : [])));
  const common = {
    person: config.prices?.perReply?.person ?? 0,
    minutes: minutesPerAnswer,
    money: budget && new Scarcity(budget, "spend", dearest / cheapest, journal.notes, now),
    reviewers: reviewers && new Scarcity(reviewers, "reviewer-minutes", dearest / minutesPerAnswer, journal.notes, now),
    foundRight: new FoundRight(journal),
  };
  return new Map(errors.map(([step, error]) => [step, { ...common, error }]));
}

/** The rung with its price; the same wrapper for the same rung, so that it is opened once. */
function withPrice(rung: Rung, price: number | undefined, known: Map<Rung, Rung>): Rung {
  if (price === undefined) return rung;
  const wrapped = known.get(rung) ?? priced(rung, price);
  known.set(rung, wrapped);
  return wrapped;
}

/** The ladder without the rungs below its floor. A floor that is none of them is the person at its end. */
function fromFloor(ladder: readonly Rung[], floor: Rung | undefined): readonly Rung[] {
  if (!floor) return ladder;
  const place = ladder.findIndex(({ name }) => name === floor.name);
  return ladder.slice(place === -1 ? ladder.length - 1 : place);
}

function ending(ladder: readonly Rung[], safe: Rung): readonly Rung[] {
  const last = ladder.at(-1)?.name;
  return last === "person" || last === "fallback" ? ladder : [...ladder, safe];
}
