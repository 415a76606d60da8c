/** What a journaled run asked: the record keeps answers, not items' texts, and a replay finds those again. */

import type { Event } from "../core/event.ts";
import { rendered } from "../core/rendered.ts";
import type { RunRecord } from "../journal/journal.ts";
import type { Loop } from "../loop/loop.ts";
import { placeOf } from "../loop/make-step.ts";
import { type Parts, replayRun } from "../loop/run.ts";
import type { About, Step, StepName } from "../loop/step-types.ts";

/** A question as the loop asked it. */
export interface Asked {
  /** The step's name. */
  readonly name: string;
  /** The item's text. */
  readonly about: string;
}

/**
 * What a run asked, by path: with no model, no tool and no write. Turns of `step.loop` are not among them. The loop must
 * be of the run's version, or it may say something else about the item today.
 */
export async function askedIn(
  loop: Loop,
  run: RunRecord,
  events: readonly Event[],
  parts: Parts,
): Promise<ReadonlyMap<string, Asked>> {
  const asked = new Map<string, Asked>();
  await replayRun({ ...loop, run: (item, step) => loop.run(item, watched(step, "", asked)) }, run, events, parts);
  return asked;
}

/** The same step, which writes down what it is asked first. */
function watched(step: Step, prefix: string, asked: Map<string, Asked>): Step {
  const watch =
    (verb: Verb) =>
    (name: StepName, spec: About): Promise<unknown> => {
      const place = placeOf(name, prefix);
      asked.set(place.path, { name: place.name, about: rendered(spec.about) });
      return (step[verb] as (name: StepName, spec: About) => Promise<unknown>)(name, spec);
    };
  const branch = (run: Branch, within: string): Branch => {
    return (own) => run(watched(own, `${within}/`, asked));
  };
  const all = (name: StepName, branches: { readonly [name: string]: Branch } | readonly Branch[]): unknown => {
    const { path } = placeOf(name, prefix);
    const within = (key: string): string => placeOf(key, `${path}/`).path;
    const entries = Object.entries(branches).map(([key, run]) => [key, branch(run, within(key))] as const);
    const same = Array.isArray(branches) ? entries.map(([, run]) => run) : Object.fromEntries(entries);
    return step.all(name, same as never);
  };
  return { ...step, ...Object.fromEntries(verbs.map((verb) => [verb, watch(verb)])), all } as Step;
}

type Branch = (step: Step) => Promise<unknown>;

const verbs = ["choose", "judge", "score", "extract", "pick", "write"] as const;
type Verb = (typeof verbs)[number];
