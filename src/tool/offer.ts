/** Which tools may be offered at this moment, and why not the others. */

import { messageOf } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Effect, ToolOffer } from "../core/question.ts";
import type { Issue, JsonSchema } from "../core/schema.ts";
import type { AnyTool } from "./tool.ts";

type Args = { readonly [name: string]: unknown };

/** What a run has called so far: the memory behind limits and prerequisites. */
export class CallBook {
  readonly #counts = new Map<string, number>();
  readonly #succeeded = new Map<string, Args[]>();
  readonly #total: Map<string, number>;

  /** `total`: calls by tool that the journal holds, before the loop comes to them again. Counted on from there. */
  constructor(total: Map<string, number> = new Map()) {
    this.#total = total;
  }

  /** Counts a call when it starts: one that hangs or fails was a call too. `recorded`: the journal had it. */
  started(tool: AnyTool, recorded: boolean): void {
    this.#counts.set(tool.name, this.count(tool) + 1);
    if (!recorded) this.#total.set(tool.name, this.total(tool) + 1);
  }

  ended(tool: AnyTool, args: unknown, outcome: Outcome): void {
    if (outcome.kind !== "ok") return;
    const earlier = this.#succeeded.get(tool.name);
    if (earlier) earlier.push(args as Args);
    else this.#succeeded.set(tool.name, [args as Args]);
  }

  /** Calls that the loop has come to: what an offer goes by, so that a resumed run is offered the same. */
  count(tool: AnyTool): number {
    return this.#counts.get(tool.name) ?? 0;
  }

  /** All calls, also those of branches that a resumed run has not come to yet: what a limit goes by. */
  total(tool: AnyTool): number {
    return this.#total.get(tool.name) ?? 0;
  }

  successes(tool: AnyTool): readonly Args[] {
    return this.#succeeded.get(tool.name) ?? [];
  }
}

export interface Withheld {
  readonly tool: string;
  readonly reason: string;
}

export interface Offer {
  readonly offered: readonly ToolOffer[];
  readonly withheld: readonly Withheld[];
}

/**
 * Splits an author's tools into those that may be picked now and those that may not. `step` counts the calls
 * of the current `step.loop`; `reachable` says whether any rung of the ladder may let an effect stand.
 */
export function offer(
  tools: readonly AnyTool[],
  run: CallBook,
  step: CallBook,
  reachable: (effect: Effect) => boolean,
): Offer {
  const offered: ToolOffer[] = [];
  const withheld: Withheld[] = [];
  for (const tool of tools) {
    const reason = overLimit(tool, run.count(tool), step.count(tool))?.reason ?? missingPrerequisite(tool, run);
    if (reason !== null) withheld.push({ tool: tool.name, reason });
    else if (!reachable(tool.effect)) {
      withheld.push({ tool: tool.name, reason: `no rung of this ladder may let an ${tool.effect} tool stand` });
    } else offered.push(toOffer(tool, run));
  }
  return { offered, withheld };
}

/** Which limit the tool has reached, and in words; `null` where it may be called once more. */
export function overLimit(
  tool: AnyTool,
  inRun: number,
  inStep: number,
): { readonly by: "run limit" | "step limit"; readonly reason: string } | null {
  const { perRun, perStep } = tool.limits;
  if (perRun !== undefined && inRun >= perRun) {
    return { by: "run limit", reason: `called ${perRun} times in this run, its limit` };
  }
  if (perStep !== undefined && inStep >= perStep) {
    return { by: "step limit", reason: `called ${perStep} times in this step, its limit` };
  }
  return null;
}

function missingPrerequisite(tool: AnyTool, run: CallBook): string | null {
  const missing = tool.after.find((before) => run.successes(before.tool).length === 0);
  return missing ? `${missing.tool.name} has not succeeded yet` : null;
}

const plain = new WeakMap<AnyTool, ToolOffer>();

function toOffer(tool: AnyTool, run: CallBook): ToolOffer {
  const { name, description, effect, inputJson } = tool;
  if (tool.after.length > 0) return { name, description, effect, input: narrow(tool, run) };
  let known = plain.get(tool);
  if (!known) {
    known = { name, description, effect, input: inputJson };
    plain.set(tool, known);
  }
  return known;
}

/** The arguments that a prerequisite also has, narrowed to the values for which it succeeded. */
function narrow(tool: AnyTool, run: CallBook): JsonSchema {
  const properties: Record<string, unknown> = { ...(tool.inputJson.properties as object) };
  for (const before of tool.after) {
    if (before.match) continue;
    for (const name of shared(tool, before.tool)) {
      const values = new Map(run.successes(before.tool).map((args) => [canonicalJson(args[name]), args[name]]));
      const { type } = properties[name] as { type?: unknown };
      properties[name] = { ...(type === undefined ? {} : { type }), enum: [...values.values()] };
    }
  }
  return { ...tool.inputJson, properties };
}

function shared(tool: AnyTool, before: AnyTool): string[] {
  const names = Object.keys((before.inputJson.properties as object | undefined) ?? {});
  return names.filter((name) => Object.hasOwn((tool.inputJson.properties as object | undefined) ?? {}, name));
}

/** The first prerequisite that these arguments break, or `null`. */
export function brokenPrerequisite(tool: AnyTool, args: unknown, run: CallBook): Issue | null {
  for (const before of tool.after) {
    const earlier = run.successes(before.tool);
    const names = shared(tool, before.tool);
    const match = before.match as ((args: unknown, earlier: unknown) => boolean) | undefined;
    const path = match ? "" : (names[0] ?? "");
    try {
      const allowed = earlier.some((past) =>
        match
          ? match(args, past)
          : names.every((name) => canonicalJson((args as Args)[name]) === canonicalJson(past[name])),
      );
      if (!allowed) return { path, message: `${before.tool.name} has not succeeded for these arguments` };
    } catch (thrown) {
      return { path, message: `whether ${before.tool.name} allows these arguments is not known: ${messageOf(thrown)}` };
    }
  }
  return null;
}
