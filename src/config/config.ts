/** `pawl.config.ts`: ladder, effects, budgets and prices, kept out of the loops. */

import { UsageError } from "../core/errors.ts";
import type { Effect } from "../core/question.ts";
import type { Rung } from "../rung/rung.ts";

export interface Budget {
  /** ISO code of the money that every price and limit is in; `USD` by default. */
  readonly currency?: string;
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
}

/** Checks a config and gives it its type. Throws `UsageError` naming what is wrong. */
export function defineConfig(config: Config): Config {
  refuseUnknown(config, "the config", ["journal", "ladder", "questions", "effects", "budget"]);
  // A limit that is misspelt, or that this version does not know, would be one that silently does not hold.
  refuseUnknown(config.effects ?? {}, "the config's effects", ["write", "irreversible"]);
  refuseUnknown(config.budget ?? {}, "the config's budget", ["currency"]);
  for (const [name, ladder] of ladders(config)) {
    const names = ladder.map((rung) => rung.name);
    const twice = names.find((rung, index) => names.indexOf(rung) < index);
    if (twice !== undefined) {
      throw new UsageError("E_LADDER", `${name} holds the rung ${twice} twice`, { value: twice });
    }
  }
  return config;
}

function refuseUnknown(part: object, what: string, known: readonly string[]): void {
  const unknown = Object.keys(part).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UsageError("E_CONFIG", `${what} has no "${unknown}"; it has ${known.join(", ")}`, { value: unknown });
}

function ladders(config: Config): [string, readonly Rung[]][] {
  const own = Object.entries(config.questions ?? {}).map(([step, { ladder }]): [string, readonly Rung[]] => [
    `the ladder of ${step}`,
    ladder,
  ]);
  return config.ladder ? [["the ladder", config.ladder], ...own] : own;
}
