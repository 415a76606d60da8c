/**
 * Random loops, and a model that is out to break them. A plan is data: a tree of steps that an interpreter walks as
 * an author's function would. Everything is a function of the step's path and a seed, so that a run can be had again.
 */

import fc from "fast-check";
import { z } from "zod";
import { shortHash } from "../../src/core/hash.ts";
import type { Json } from "../../src/core/json.ts";
import type { Effect, Question, QuestionRecord } from "../../src/core/question.ts";
import { noUsage } from "../../src/core/usage.ts";
import type { Loop, RunLimits } from "../../src/loop/loop.ts";
import type { Step } from "../../src/loop/step-types.ts";
import { turns } from "../../src/loop/stop.ts";
import type { DecideContext, Rung } from "../../src/rung/rung.ts";
import { type ScriptedReply, scripted } from "../../src/rung/scripted.ts";
import { type AnyTool, defineTool, notFound, type ToolLimits } from "../../src/tool/tool.ts";
import { loopOf } from "./loops.ts";

export interface ToolPlan {
  readonly effect: Effect;
  readonly limits: ToolLimits;
  /** Needs the tool before it in the list to have succeeded with the same `n`. */
  readonly after: boolean;
  readonly manner: "sync" | "async" | "throws" | "not found" | "wrong shape";
}

export type NodePlan =
  | { readonly kind: "choose" | "judge" | "score" | "write" | "now" | "random" | "pick" }
  | { readonly kind: "call"; readonly tool: number; readonly n: number }
  | { readonly kind: "loop"; readonly most: number; readonly until: number | null }
  | { readonly kind: "all"; readonly branches: readonly (readonly NodePlan[])[] };

export interface Plan {
  readonly seed: number;
  readonly tools: readonly ToolPlan[];
  readonly nodes: readonly NodePlan[];
  readonly limits: RunLimits;
}

/** One time that a tool's code ran. */
export interface Execution {
  readonly tool: string;
  readonly plan: ToolPlan;
  readonly n: number;
  /** Path of the question or call that led to it, as the model or the author wrote it into the arguments. */
  readonly at: string;
  readonly key: string;
}

const leaf = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("choose", "judge", "score", "write", "now", "random", "pick") as never,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("call"), tool: fc.nat(2), n: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("loop"),
      most: fc.integer({ min: 1, max: 5 }),
      until: fc.option(fc.nat(3)),
    }),
  },
) as fc.Arbitrary<NodePlan>;

const node: fc.Arbitrary<NodePlan> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("all" as const),
      branches: fc.array(fc.array(leaf, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
    }),
  },
);

const toolPlan: fc.Arbitrary<ToolPlan> = fc.record({
  effect: fc.constantFrom("read", "write", "irreversible"),
  limits: fc.record(
    { perRun: fc.integer({ min: 1, max: 3 }), perStep: fc.integer({ min: 1, max: 2 }) },
    { requiredKeys: [] },
  ),
  after: fc.boolean(),
  manner: fc.constantFrom("sync", "sync", "async", "async", "throws", "not found", "wrong shape"),
});

export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  tools: fc.array(toolPlan, { minLength: 3, maxLength: 3 }),
  nodes: fc.array(node, { minLength: 1, maxLength: 7 }),
  limits: fc.record(
    { steps: fc.integer({ min: 1, max: 15 }), spend: fc.constantFrom(0.5, 1, 2) },
    { requiredKeys: [] },
  ),
});

/** A whole number below `most`, the same for the same words. */
export function draw(most: number, ...words: readonly (string | number | boolean)[]): number {
  return Number.parseInt(shortHash(words.join("\n")).slice(0, 12), 16) % most;
}

/** The plan's loop. `apart`: each branch of a `step.all` has tools of its own, so that branches do not meet. */
export function loopFrom(plan: Plan, log: Execution[], { apart = false, lax = false } = {}): Loop {
  const sets = new Map<string, readonly AnyTool[]>();
  const toolsOf = (branch: string): readonly AnyTool[] => {
    const name = apart ? branch : "";
    const known = sets.get(name) ?? makeTools(plan, name, log, lax);
    sets.set(name, known);
    return known;
  };
  return loopOf((step) => walk(plan.nodes, step, "", toolsOf), plan.limits);
}

/** `lax`: tools that Pawl is told have no limits and no prerequisites, though the plan has; for negative controls. */
function makeTools(plan: Plan, branch: string, log: Execution[], lax: boolean): readonly AnyTool[] {
  const tools: AnyTool[] = [];
  for (const [index, toolPlan] of plan.tools.entries()) {
    const name = `t${index}${branch}`;
    const before = tools.at(-1);
    const match = (args: never, earlier: never): boolean => (args as { n: number }).n === (earlier as { n: number }).n;
    tools.push(
      defineTool({
        name,
        description: name,
        effect: toolPlan.effect,
        input: z.object({ n: z.int(), at: z.string() }),
        output: z.object({ n: z.int() }),
        limits: lax ? {} : toolPlan.limits,
        after: toolPlan.after && before && !lax ? [{ tool: before, match }] : [],
        run: ({ n, at }, { key }) => {
          log.push({ tool: name, plan: toolPlan, n, at, key });
          switch (toolPlan.manner) {
            case "sync":
              return { n };
            case "async":
              return new Promise((resolve) => setImmediate(resolve, { n }));
            case "throws":
              throw new Error("down");
            case "not found":
              return notFound("nothing");
            case "wrong shape":
              return { n: "x" } as never;
          }
        },
      }),
    );
  }
  return tools;
}

async function walk(
  nodes: readonly NodePlan[],
  step: Step,
  branch: string,
  toolsOf: (branch: string) => readonly AnyTool[],
): Promise<unknown[]> {
  const about = "the item";
  const results: unknown[] = [];
  const tools = toolsOf(branch);
  for (const [index, plan] of nodes.entries()) {
    const name = `${plan.kind}${index}`;
    switch (plan.kind) {
      case "choose":
        results.push((await step.choose(name, { about, ask: "?", options: ["a", "b"] })).value);
        break;
      case "judge":
        results.push((await step.judge(name, { about, ask: "?" })).value);
        break;
      case "score":
        results.push((await step.score(name, { about, ask: "?", from: 0, to: 3 })).value);
        break;
      case "write":
        results.push((await step.write(name, { about, ask: "?" })).value.length);
        break;
      case "now":
      case "random":
        results.push(await step[plan.kind](name));
        break;
      case "pick": {
        const { value } = await step.pick(name, { about, tools });
        if (value !== null) results.push(await step.call(`${name}-do`, value));
        break;
      }
      case "call": {
        const tool = tools[plan.tool]!;
        const at = `${branch}/${name}`;
        results.push(await step.call(name, tool, { n: plan.n, at }));
        break;
      }
      case "loop": {
        const until = plan.until === null ? {} : { until: turns(plan.until) };
        const { ended, turns: made } = await step.loop(name, { about, tools, limits: { steps: plan.most }, ...until });
        results.push(ended, made.length);
        break;
      }
      case "all":
        results.push(
          await step.all(
            name,
            plan.branches.map((nodes, at) => (own: Step) => walk(nodes, own, `${branch}_${index}_${at}`, toolsOf)),
          ),
        );
        break;
    }
  }
  return results;
}

/** What somebody who means well would say; something else when `asked` again because it did not fit. */
export function goodAnswer(question: Question | QuestionRecord, path: string, seed: number, asked = 0): Json {
  const options = question.options.map(({ name }) => name);
  const pick = options[draw(Math.max(options.length, 1), "good", path, seed, asked)];
  if (question.verb === "write") return "a text";
  if (pick === undefined) return question.otherwise;
  const isTool = question.tools.some(({ name }) => name === pick);
  return isTool ? { tool: pick, args: { n: draw(2, "n", path, seed, asked), at: path } } : pick;
}

const hostilities: readonly ((question: Question) => ScriptedReply | Promise<ScriptedReply>)[] = [
  () => ({ tool: "drop_tables", args: {} }),
  () => ({ tool: "toString", args: { n: 1 } }),
  ({ path }) => ["t0", "t1"].map((tool) => ({ tool, args: { n: 0, at: path } })),
  // A tool of the loop's, offered or not: prerequisites, limits and floors are what holds it back.
  ({ path }) => ({ tool: "t0", args: { n: 1, at: path } }),
  ({ path }) => ({ tool: "t1", args: { n: 0, at: path } }),
  ({ path }) => [{ tool: "t2", args: { n: 1, at: path } }],
  ({ tools }) => ({ tool: tools[0]?.name ?? "none", args: { n: "many", at: 7 } }),
  () => "x".repeat(20_000),
  () => null,
  () => 17,
  () => true,
  () => [],
  () => ({ tool: "none of these" }),
  ({ otherwise }) => otherwise ?? "none of these",
  () => ({ kind: "answered" }),
  () => ({ kind: "waiting?" }),
  () => undefined as never,
  () => {
    throw new Error("broken");
  },
  () => Promise.reject(new Error("broken")),
];

/** Offers that a rung saw, by path. */
export type Offers = Map<string, ReadonlySet<string>>;

/** A rung that errs in every way it knows, and is right now and then. */
export function hostile(name: string, seed: number, cost: number, offers: Offers = new Map()): Rung {
  const answer = (question: Question, { repair }: DecideContext): ScriptedReply | Promise<ScriptedReply> => {
    const { path } = question;
    if (question.verb === "pick") offers.set(path, new Set(question.tools.map((tool) => tool.name)));
    const dice = draw(10, name, path, seed, repair !== null);
    const good = goodAnswer(question, path, seed) as ScriptedReply;
    if (dice < 4) return good;
    if (dice < 5) return new Promise((resolve) => setImmediate(resolve, good));
    if (dice < 7) {
      const confidences = [Number.NaN, Number.POSITIVE_INFINITY, -0.1, 1.1, null, 0.2, "0.99"];
      const confidence = confidences[draw(confidences.length, name, path, seed)] as number;
      return { kind: "answered", value: good, confidence, basis: "raw", evidence: {}, usage: { ...noUsage, cost } };
    }
    return hostilities[draw(hostilities.length, name, path, seed, repair !== null)]!(question);
  };
  return scripted(answer, { name, cost });
}
