/** `pawl.config.ts`: ladder, effects, budgets and prices, kept out of the loops. */

import { UsageError } from "../core/errors.ts";
import type { Effect } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { Rung } from "../rung/rung.ts";

export interface Budget {
  /** ISO code of the money that every price and limit is in; `USD` by default. */
  readonly currency?: string;
  /** Most money a day (UTC) over all runs of the journal. Once it is spent, paid rungs are passed over. */
  readonly perDay?: number;
  /** A rung without a price is not asked under a spend limit, unless this says `allow`. */
  readonly unpriced?: "refuse" | "allow";
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
  /** Ladders by step name. */
  readonly questions?: { readonly [step: string]: { readonly ladder: readonly Rung[] } };
  /** The rung that an effect needs at least; `irreversible` needs a person by default. `null` lifts it. */
  readonly effects?: { readonly [E in Exclude<Effect, "read">]?: Rung | null };
  readonly budget?: Budget;
  readonly prices?: Prices;
}

/** Checks a config and gives it its type. Throws `UsageError` naming what is wrong. */
export function defineConfig(config: Config): Config {
  refuseUnknown("E_CONFIG", "the config", config, ["journal", "ladder", "questions", "effects", "budget", "prices"]);
  refuseUnknown("E_CONFIG", "the config's effects", config.effects ?? {}, ["write", "irreversible"]);
  refuseUnknown("E_CONFIG", "the config's budget", config.budget ?? {}, ["currency", "perDay", "unpriced"]);
  refuseUnknown("E_CONFIG", "the config's prices", config.prices ?? {}, ["updated", "perReply"]);
  refuseAmounts(config);
  for (const [name, ladder] of ladders(config)) {
    const names = ladder.map((rung) => rung.name);
    const twice = names.find((rung, index) => names.indexOf(rung) < index);
    if (twice !== undefined) {
      throw new UsageError("E_LADDER", `${name} holds the rung ${twice} twice`, { value: twice });
    }
  }
  return config;
}

function refuseAmounts({ budget, prices }: Config): void {
  const amounts = { "budget.perDay": budget?.perDay, ...prices?.perReply };
  for (const [name, amount] of Object.entries(amounts)) {
    if (amount === undefined || amount >= 0) continue;
    throw new UsageError("E_CONFIG", `${name} must be an amount of money, 0 or more`, { value: amount });
  }
  if (prices && !/^\d{4}-\d\d-\d\d$/.test(prices.updated)) {
    throw new UsageError("E_CONFIG", "prices.updated must be a day, such as 2026-11-01", { value: prices.updated });
  }
}

function ladders(config: Config): [string, readonly Rung[]][] {
  const own = Object.entries(config.questions ?? {}).map(([step, { ladder }]): [string, readonly Rung[]] => [
    `the ladder of ${step}`,
    ladder,
  ]);
  return config.ladder ? [["the ladder", config.ladder], ...own] : own;
}
