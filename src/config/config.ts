/** `pawl.config.ts`: ladder, effects, budgets and prices, kept out of the loops. */

import { UsageError } from "../core/errors.ts";
import type { Effect } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { Overflow } from "../loop/overflow.ts";
import { type EgressOptions, egressRules } from "../net/egress-rules.ts";
import type { Rung } from "../rung/rung.ts";
import { checkServe, type ServeConfig } from "./serve.ts";

export interface Budget {
  /** ISO code of the money that every price and limit is in; `USD` by default. */
  readonly currency?: string;
  /** Most money a day (UTC) over all runs of the journal. Once it is spent, paid rungs are passed over. */
  readonly perDay?: number;
  /** A rung without a price is not asked under a spend limit, unless this says `allow`. */
  readonly unpriced?: "refuse" | "allow";
  /** Most minutes of people's time a day (UTC), and how many an answer takes (0.5 by default). */
  readonly reviewerMinutesPerDay?: number;
  readonly minutesPerAnswer?: number;
  /** What becomes of a question for which nobody has budget left; `queue` by default. Never that it stands. */
  readonly overflow?: Overflow;
}

/** What a question has of its own. */
export interface QuestionConfig {
  /** Its ladder, lowest rung first; by default that of the config. */
  readonly ladder?: readonly Rung[];
  /** Stakes: no rung below this one is asked. */
  readonly floor?: Rung;
  /** Who checks the answers that were let through. */
  readonly audit?: Audit;
  /** Answers that do more harm when they are wrong, each with the largest share of wrong ones among those given. */
  readonly classes?: { readonly [value: string]: number };
  /**
   * What a wrong answer costs, in the config's currency: rungs that are expected to save less than they cost are passed
   * over. Without a `risk`, it also stands in the place of `acceptAt`: an answer stands where nobody above is worth it.
   */
  readonly errorCost?: number;
  readonly overflow?: Overflow;
}

export interface Audit {
  /** The rung that audits: the first above the local ones by default. With `person()` they are asked blind. */
  readonly by?: Rung;
  /** `hold`: an answer that is drawn waits for its audit, for steps before a write. By default the run goes on. */
  readonly when?: "later" | "hold";
}

export interface Promises {
  /** Chance that a certificate is issued although the share of wrong answers is larger. 0.05 by default. */
  readonly delta?: number;
  /** Whether rungs learn from labels while runs go on. True by default; `pawl calibrate` works either way. */
  readonly learn?: boolean;
}

export interface Prices {
  /** Day on which the prices were true, `YYYY-MM-DD`. */
  readonly updated: string;
  /** Price of one reply by rung name, for rungs that name none themselves. */
  readonly perReply?: { readonly [rung: string]: number };
}

export interface Config {
  /** The journal's file; `pawl.db` by default. */
  readonly journal?: string;
  /** The ladder of every question that names none of its own, lowest rung first. */
  readonly ladder?: readonly Rung[];
  /** What differs for single questions, by step name. */
  readonly questions?: { readonly [step: string]: QuestionConfig };
  readonly promises?: Promises;
  /** The rung that an effect needs at least; `irreversible` needs a person by default. `null` lifts it. */
  readonly effects?: { readonly [E in Exclude<Effect, "read">]?: Rung | null };
  readonly budget?: Budget;
  readonly prices?: Prices;
  /** Which other machines may be contacted; all by default. They are on record either way. */
  readonly egress?: EgressOptions;
  /** What `pawl serve` does with this ladder. */
  readonly serve?: ServeConfig;
}

const fields = ["journal", "ladder", "questions", "promises", "effects", "budget", "prices", "egress", "serve"];
const budgetFields = ["currency", "perDay", "unpriced", "reviewerMinutesPerDay", "minutesPerAnswer", "overflow"];
const questionFields = ["ladder", "floor", "audit", "classes", "errorCost", "overflow"];

/** Checks a config and gives it its type. Throws `UsageError` naming what is wrong. */
export function defineConfig(config: Config): Config {
  const { effects = {}, budget = {}, prices = {}, promises = {} } = config;
  refuseUnknown("E_CONFIG", "the config", config, fields);
  refuseUnknown("E_CONFIG", "the config's effects", effects, ["write", "irreversible"]);
  refuseUnknown("E_CONFIG", "the config's budget", budget, budgetFields);
  refuseUnknown("E_CONFIG", "the config's prices", prices, ["updated", "perReply"]);
  refuseUnknown("E_CONFIG", "the config's promises", promises, ["delta", "learn"]);
  refuseUnknown("E_CONFIG", "the config's egress", config.egress ?? {}, ["localOnly", "allow"]);
  egressRules(config.egress ?? {});
  for (const [step, question] of Object.entries(config.questions ?? {})) {
    refuseUnknown("E_CONFIG", `the config's question ${step}`, question, questionFields);
    refuseUnknown("E_CONFIG", `the audit of ${step}`, question.audit ?? {}, ["by", "when"]);
    for (const [value, risk] of Object.entries(question.classes ?? {}))
      refuseShare(`classes.${value} of ${step}`, risk);
  }
  if (promises.delta !== undefined) refuseShare("promises.delta", promises.delta);
  refuseAmounts(config);
  for (const [name, ladder] of ladders(config)) {
    const names = ladder.map((rung) => rung.name);
    const twice = names.find((rung, index) => names.indexOf(rung) < index);
    if (twice !== undefined) {
      throw new UsageError("E_LADDER", `${name} holds the rung ${twice} twice`, { value: twice });
    }
  }
  for (const [step, { floor, ladder = config.ladder ?? [] }] of Object.entries(config.questions ?? {})) {
    if (!floor || floor.name === "person" || ladder.some(({ name }) => name === floor.name)) continue;
    const message = `the floor of ${step} is ${floor.name}, which is no rung of its ladder`;
    throw new UsageError("E_CONFIG", message, { value: floor.name });
  }
  if (config.serve) checkServe(config.serve, new Set(rungsOf(config).map(({ name }) => name)));
  return config;
}

function refuseShare(name: string, share: number): void {
  if (share > 0 && share < 1) return;
  throw new UsageError("E_CONFIG", `${name} must be a share between 0 and 1`, { value: share });
}

function refuseAmounts({ budget, prices, questions }: Config): void {
  const costs = Object.entries(questions ?? {}).map(([step, { errorCost }]) => [`the errorCost of ${step}`, errorCost]);
  const amounts = {
    "budget.perDay": budget?.perDay,
    "budget.reviewerMinutesPerDay": budget?.reviewerMinutesPerDay,
    "budget.minutesPerAnswer": budget?.minutesPerAnswer,
    ...(Object.fromEntries(costs) as { readonly [name: string]: number | undefined }),
    ...prices?.perReply,
  };
  for (const [name, amount] of Object.entries(amounts)) {
    if (amount === undefined || (amount >= 0 && amount < Number.POSITIVE_INFINITY)) continue;
    throw new UsageError("E_CONFIG", `${name} must be an amount, 0 or more`, { value: amount });
  }
  if (prices && !/^\d{4}-\d\d-\d\d$/.test(prices.updated)) {
    throw new UsageError("E_CONFIG", "prices.updated must be a day, such as 2026-11-01", { value: prices.updated });
  }
}

/** Every rung that the config names, once. */
export function rungsOf(config: Config): readonly Rung[] {
  return [...new Set(ladders(config).flatMap(([, ladder]) => ladder))];
}

function ladders(config: Config): [string, readonly Rung[]][] {
  const own = Object.entries(config.questions ?? {}).flatMap(([step, { ladder }]): [string, readonly Rung[]][] =>
    ladder ? [[`the ladder of ${step}`, ladder]] : [],
  );
  return config.ladder ? [["the ladder", config.ladder], ...own] : own;
}
