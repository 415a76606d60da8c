/** Loops and tools for tests, without what a test does not care about. */

import { z } from "zod";
import type { Effect } from "../../src/core/question.ts";
import { defineLoop, type Loop, type RunLimits } from "../../src/loop/loop.ts";
import type { Step } from "../../src/loop/step-types.ts";
import { defineTool, type ToolDefinition } from "../../src/tool/tool.ts";

/** A loop of any input and output. */
export function loopOf(run: (step: Step, item: unknown) => Promise<unknown>, limits: RunLimits = {}): Loop {
  const any = z.any();
  return defineLoop({
    name: "test",
    version: "1",
    input: any,
    output: any,
    limits,
    run: (item, step) => run(step, item),
  });
}

const input = z.object({ n: z.int() });
type Input = typeof input;
type Definition<Name extends string> = ToolDefinition<Name, Input, z.ZodAny>;

/** A tool that takes `{ n }` and returns it, and remembers every call with its key. */
export function countingTool<const Name extends string>(
  name: Name,
  effect: Effect = "read",
  more: Partial<Omit<Definition<Name>, "name" | "effect">> = {},
) {
  const executed: { readonly n: number; readonly key: string }[] = [];
  const tool = defineTool<Name, Input, z.ZodAny>({
    name,
    description: name,
    effect,
    input,
    output: z.any(),
    ...more,
    run: (args, context) => {
      executed.push({ n: args.n, key: context.key });
      return more.run ? more.run(args, context) : args;
    },
  });
  return { ...tool, executed };
}
