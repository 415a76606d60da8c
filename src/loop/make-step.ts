/** The `step` that a loop's author gets: each verb builds its question and hands it on. */

import { UsageError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import { rendered } from "../core/rendered.ts";
import type { Rung } from "../rung/rung.ts";
import { CallBook } from "../tool/offer.ts";
import type { AnyTool } from "../tool/tool.ts";
import {
  chooseQuestion,
  extractQuestion,
  judgeQuestion,
  type Place,
  pickedIn,
  pickQuestion,
  scoreQuestion,
  writeQuestion,
} from "./ask.ts";
import { callStep } from "./call-step.ts";
import { offerNow } from "./ladder.ts";
import { never } from "./never.ts";
import type { Run } from "./run.ts";
import { answerStep } from "./step.ts";
import type { About, Picked, PickSpec, Step, StepName } from "./step-types.ts";
import { turnsStep } from "./turns.ts";
import { drawStep, sleepStep } from "./world.ts";

/** Where a step stands: its name for the config, and its path with index and branch. */
export function placeOf(name: StepName, prefix: string): Place {
  const parts = typeof name === "string" ? [name] : [name[0], String(name[1])];
  for (const part of parts) {
    if (part === "" || part.includes("/")) {
      throw new UsageError("E_STEP_NAME", `a step's name must hold something and no "/": "${part}"`, { value: name });
    }
  }
  return { name: parts[0]!, path: prefix + parts.join("/") };
}

/** A `step` whose paths all start with `prefix` (empty, or ending in `/`). */
export function makeStep(run: Run, prefix: string): Step {
  function answer<T>(
    name: StepName,
    spec: About,
    toQuestion: (place: Place) => Question<T>,
    ladder?: readonly Rung[],
  ): Promise<unknown> {
    return run.busy(async () => {
      const place = placeOf(name, prefix);
      const question = toQuestion(place);
      if (!run.enter(place.path)) return never;
      return answerStep(run, question, spec.risk ?? null, ladder ?? run.parts.ladder(place.name));
    });
  }

  const step = {
    choose: (name, spec) => answer(name, spec, (place) => chooseQuestion(place, spec as never)),
    judge: (name, spec) => answer(name, spec, (place) => judgeQuestion(place, spec)),
    score: (name, spec) => answer(name, spec, (place) => scoreQuestion(place, spec)),
    extract: (name, spec) => answer(name, spec, (place) => extractQuestion(place, spec)),
    write: (name, spec) => answer(name, spec, (place) => writeQuestion(place, spec)),
    pick: (name, spec) => answer(name, spec, (place) => pickOnce(run, place, spec)),
    ask: (name: StepName, spec: About & { options?: unknown }) =>
      answer<string | null>(
        name,
        spec,
        (place) =>
          spec.options === undefined
            ? writeQuestion(place, { ...spec, otherwise: false } as never)
            : chooseQuestion(place, { ...spec, otherwise: false } as never),
        [],
      ),
    call: (name: StepName, what: AnyTool | Picked, args?: unknown) =>
      run.busy(async () => {
        const { path } = placeOf(name, prefix);
        if (!run.enter(path)) return never;
        if ("run" in what) return callStep(run, path, what, args, "own");
        const genuine = pickedIn(run.book, what);
        if (genuine?.text !== `${what.tool}${canonicalJson(what.args)}`) {
          throw new UsageError(
            "E_NOT_PICKED",
            `step ${path}: this call was not picked by step.pick in this run, or was changed since`,
          );
        }
        if (genuine.called) {
          throw new UsageError("E_PICKED_TWICE", `step ${path}: this call was made already; one pick is one call`);
        }
        genuine.called = true;
        return callStep(run, path, genuine.tool, what.args, "picked");
      }),
    loop: async (name, spec) => turnsStep(run, placeOf(name, prefix), spec as never),
    all: async (name, branches) => allStep(run, placeOf(name, prefix).path, branches as never),
    now: async (name) => drawStep(run, placeOf(name, prefix).path, "now"),
    random: async (name) => drawStep(run, placeOf(name, prefix).path, "random"),
    sleep: async (name, seconds) => sleepStep(run, placeOf(name, prefix).path, seconds),
  } as const satisfies { readonly [Verb in keyof Step]: (...args: never[]) => Promise<unknown> } & Partial<Loose>;
  // The implementations are untyped inside; what an author sees is `Step`, whose types follow the schemas.
  return step as unknown as Step;
}

/** What the one-line verbs take before `Step` gives them their types. */
interface Loose {
  choose(name: StepName, spec: About): Promise<unknown>;
  judge(name: StepName, spec: Parameters<typeof judgeQuestion>[1]): Promise<unknown>;
  score(name: StepName, spec: Parameters<typeof scoreQuestion>[1]): Promise<unknown>;
  extract(name: StepName, spec: Parameters<typeof extractQuestion>[1]): Promise<unknown>;
  write(name: StepName, spec: Parameters<typeof writeQuestion>[1]): Promise<unknown>;
  pick(name: StepName, spec: PickSpec<readonly AnyTool[], string | false>): Promise<unknown>;
  loop(name: StepName, spec: About): Promise<unknown>;
  all(name: StepName, branches: object): Promise<unknown>;
  now(name: StepName): Promise<number>;
  random(name: StepName): Promise<number>;
  sleep(name: StepName, seconds: number): Promise<void>;
}

function pickOnce(run: Run, place: Place, spec: PickSpec<readonly AnyTool[], string | false>): Question<Picked | null> {
  const ladder = run.parts.ladder(place.name);
  const { offered } = offerNow(run, ladder, spec.tools, new CallBook());
  const otherwise = spec.otherwise === false ? null : (spec.otherwise ?? "none of these");
  const ask = spec.ask ?? "Which tool should be used next?";
  return pickQuestion(
    place,
    spec,
    { tools: spec.tools, offered, otherwise, finish: null, ask },
    () => rendered(spec.about),
    run.book,
  );
}

type Branch = (step: Step) => Promise<unknown>;

async function allStep(
  run: Run,
  path: string,
  branches: readonly Branch[] | { readonly [name: string]: Branch },
): Promise<unknown> {
  const names = Object.keys(branches);
  const results = await Promise.all(
    names.map((name) =>
      (branches as { [name: string]: Branch })[name]!(makeStep(run, `${placeOf(name, `${path}/`).path}/`)),
    ),
  );
  if (Array.isArray(branches)) return results;
  return Object.fromEntries(names.map((name, index) => [name, results[index]]));
}
