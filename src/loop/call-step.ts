/** One tool call of a run: approved if it must be, on record before it changes the world, and after. */

import { UsageError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { JournaledOutcome, Outcome, Refusal } from "../core/outcome.ts";
import { parse } from "../core/schema.ts";
import { type Called, callTool, settle } from "../tool/call.ts";
import { brokenPrerequisite, CallBook, overLimit } from "../tool/offer.ts";
import type { AnyTool } from "../tool/tool.ts";
import { judgeQuestion } from "./ask.ts";
import type { Run } from "./run.ts";
import { answerStep } from "./step.ts";

/**
 * Calls a tool under the key `run/path`. A call `picked` has passed the gate with these very arguments; a call of
 * the author's `own` is parsed here, and an irreversible one approved by the rung that its effect needs.
 */
export async function callStep(
  run: Run,
  path: string,
  tool: AnyTool,
  args: unknown,
  from: "picked" | "own",
  step: CallBook = new CallBook(),
): Promise<Outcome> {
  const past = run.past.calls.get(path);
  if (past && past.tool === tool.name) {
    run.alreadyTook(past.milliseconds, []);
    return book(run, step, tool, args, await read(tool, past.outcome), past.outcome.kind !== "refused");
  }
  const parsed = from === "own" ? await parse(tool.input, args) : ({ ok: true, value: args } as const);
  if (!parsed.ok) {
    const { path: at, message } = parsed.issue;
    throw new UsageError(
      "E_ARGUMENTS",
      `step ${path}: the arguments of ${tool.name} do not fit${at && ` at ${at}`}: ${message}`,
      {
        value: args,
      },
    );
  }
  const refusal =
    refuse("run limit", overLimit(tool, run.book, step)) ??
    refuse("not offered", brokenPrerequisite(tool, parsed.value, run.book)?.message ?? null) ??
    (from === "own" ? await disapproved(run, path, tool, args) : null) ??
    (run.parts.dryRun && tool.effect !== "read" ? refuse("dry run", `${tool.name} was not called`) : null);
  if (run.isReplay) return run.missing(path);
  if (refusal) {
    await record(run, path, tool, args, refusal, 0);
    return refusal;
  }
  const key = `${run.record.id}/${path}`;
  if (tool.effect !== "read" && !run.past.started.has(path)) {
    await run.append({ type: "tool_started", path, tool: tool.name, args: args as Json, key });
  }
  const begun = performance.now();
  const called = await callTool(tool, parsed.value, key, run);
  const kept = await record(run, path, tool, args, called.journaled, run.took(begun));
  return book(run, step, tool, parsed.value, kept === called.journaled ? called.outcome : (kept as Outcome), true);
}

function book(run: Run, step: CallBook, tool: AnyTool, args: unknown, outcome: Outcome, counts: boolean): Outcome {
  if (!counts) return outcome;
  for (const calls of [run.book, step]) {
    calls.started(tool);
    calls.ended(tool, args, outcome);
  }
  return outcome;
}

async function record(
  run: Run,
  path: string,
  tool: AnyTool,
  args: unknown,
  outcome: JournaledOutcome,
  milliseconds: number,
): Promise<JournaledOutcome> {
  const event = { type: "tool_called", path, tool: tool.name, args: args as Json, outcome, milliseconds } as const;
  try {
    await run.append(event);
    return outcome;
  } catch (thrown) {
    // JSON.stringify refuses circles and big integers: the tool answered, but not with data.
    if (!(thrown instanceof TypeError)) throw thrown;
    const kept: JournaledOutcome = { kind: "failed", reason: `${tool.name} returned a value that is not JSON` };
    await run.append({ ...event, outcome: kept });
    return kept;
  }
}

async function read(tool: AnyTool, outcome: JournaledOutcome): Promise<Outcome> {
  if (outcome.kind !== "ok") return outcome;
  const called: Called = await settle(tool, outcome.value);
  return called.outcome;
}

function refuse(by: Refusal, reason: string | null): Extract<JournaledOutcome, { kind: "refused" }> | null {
  return reason === null ? null : { kind: "refused", by, reason };
}

/** Whoever an effect needs says yes to exactly this call, or it is not made. */
async function disapproved(
  run: Run,
  path: string,
  tool: AnyTool,
  args: unknown,
): Promise<Extract<JournaledOutcome, { kind: "refused" }> | null> {
  const approver = run.parts.floors[tool.effect];
  if (tool.effect === "read" || !approver) return null;
  const question = judgeQuestion(
    { name: "approve", path: `${path}/approve` },
    {
      ask: `May ${tool.name} be called? Its effect is ${tool.effect}.`,
      about: `${tool.name}(${canonicalJson(args)})\n${tool.description}`,
      otherwise: false,
    },
  );
  const approval = await answerStep(run, question, null, [approver]);
  return approval.value === true ? null : { kind: "refused", by: "declined", reason: `${approval.rung} said no` };
}
