/** One tool call of a run: approved if it must be, on record before it changes the world, and after. */

import { messageOf, UsageError } from "../core/errors.ts";
import type { ToolCalled, ToolStarted } from "../core/event.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson, type Json, toJson } from "../core/json.ts";
import type { JournaledOutcome, Outcome, Refusal } from "../core/outcome.ts";
import type { Question } from "../core/question.ts";
import { parse } from "../core/schema.ts";
import { callTool, settle } from "../tool/call.ts";
import { brokenPrerequisite, CallBook, overLimit } from "../tool/offer.ts";
import type { AnyTool } from "../tool/tool.ts";
import { judgeQuestion } from "./ask.ts";
import { never } from "./never.ts";
import type { Run } from "./run.ts";
import { answerStep } from "./step.ts";
import { took } from "./took.ts";

/**
 * Calls a tool under the key `run/path`. A call `picked` has passed the gate with these very arguments; a call of
 * the author's `own` is parsed here, and an irreversible one approved by the rung that its effect needs.
 * `keyPath` differs from the path where an earlier try of the same call timed out: it may have happened.
 */
export async function callStep(
  run: Run,
  path: string,
  tool: AnyTool,
  args: unknown,
  from: "picked" | "own",
  step: CallBook = new CallBook(),
  keyPath: string = path,
): Promise<Outcome> {
  const parsed = from === "own" ? await parse(tool.input, args) : ({ ok: true, value: args } as const);
  if (!parsed.ok) {
    const { path: at, message } = parsed.issue;
    throw unfit(path, tool, args, `${at && ` at ${at}`}: ${message}`);
  }
  const written = from === "own" ? jsonArgs(path, tool, args) : (args as Json);
  const past = run.past.calls.get(path);
  if (past) {
    if (!isSameCall(past, tool, written)) throw changed(path, past, tool);
    const outcome = past.outcome.kind === "ok" ? (await settle(tool, past.outcome.value)).outcome : past.outcome;
    if (past.outcome.kind === "refused") return outcome;
    for (const calls of [run.book, step]) calls.started(tool, true);
    return end(run, step, tool, parsed.value, outcome);
  }
  const interrupted = run.past.started.get(path);
  if (interrupted) {
    if (!isSameCall(interrupted, tool, written)) throw changed(path, interrupted, tool);
  } else {
    const mayNot = (): Refused | null =>
      overLimitRefusal(overLimit(tool, run.book.total(tool), step.count(tool))) ??
      refuse("not offered", brokenPrerequisite(tool, parsed.value, run.book)?.message ?? null);
    const mayWait = from === "own" || run.parts.dryRun;
    const before = mayWait ? (mayNot() ?? (await objection(run, path, tool, written, from))) : null;
    // Looked at after the wait, too: another branch may have called in the meantime.
    const refusal = before ?? mayNot();
    if (refusal && !run.isReplay) {
      await record(run, path, tool, written, refusal, 0);
      return refusal;
    }
  }
  if (run.isReplay) return run.missing(path);
  // Nothing is awaited between the last look at the limits and this count, so that none is passed side by side.
  for (const calls of [run.book, step]) calls.started(tool, interrupted !== undefined);
  const key = `${run.record.id}/${keyPath}`;
  if (tool.effect !== "read" && !interrupted) {
    await run.append({ type: "tool_started", path, tool: tool.name, args: written, key });
  }
  const make = async (): Promise<Outcome> => {
    const begun = performance.now();
    const { journaled, outcome } = await callTool(tool, parsed.value, key, run);
    await record(run, path, tool, written, journaled, took(begun));
    return end(run, step, tool, parsed.value, outcome);
  };
  return tool.effect === "read" ? make() : run.effect(make);
}

/** Puts a call on record that is not made, so that the receipt tells. */
export async function refuseCall(
  run: Run,
  path: string,
  tool: AnyTool,
  args: unknown,
  refusal: Refused,
): Promise<Outcome> {
  if (run.past.calls.has(path)) return refusal;
  if (run.isReplay) return run.missing(path);
  await record(run, path, tool, args as Json, refusal, 0);
  return refusal;
}

function end(run: Run, step: CallBook, tool: AnyTool, args: unknown, outcome: Outcome): Outcome {
  run.book.ended(tool, args, outcome);
  step.ended(tool, args, outcome);
  return outcome;
}

async function record(
  run: Run,
  path: string,
  tool: AnyTool,
  args: Json,
  outcome: JournaledOutcome,
  milliseconds: number,
): Promise<void> {
  await run.append({ type: "tool_called", path, tool: tool.name, args, outcome, milliseconds });
}

function jsonArgs(path: string, tool: AnyTool, args: unknown): Json {
  try {
    return toJson(args);
  } catch (thrown) {
    throw unfit(path, tool, args, `: they are not JSON: ${messageOf(thrown)}`);
  }
}

function unfit(path: string, tool: AnyTool, args: unknown, why: string): UsageError {
  return new UsageError("E_ARGUMENTS", `step ${path}: the arguments of ${tool.name} do not fit${why}`, { value: args });
}

/** The key of an effect is its path: another call under it would hide behind the first one's effect. */
function changed(path: string, before: ToolStarted | ToolCalled, tool: AnyTool): UsageError {
  const message = `step ${path} called ${before.tool}(${canonicalJson(before.args)}) before, and now makes another call of ${tool.name}; a loop that changed needs another version`;
  return new UsageError("E_LOOP_CHANGED", message, { value: tool.name });
}

type Refused = Extract<JournaledOutcome, { kind: "refused" }>;

/** What speaks against a new call that no limit forbids, or `null`. */
async function objection(
  run: Run,
  path: string,
  tool: AnyTool,
  args: Json,
  from: "picked" | "own",
): Promise<Refused | null> {
  const declined = from === "own" ? await disapproved(run, path, tool, args) : null;
  if (declined || !run.parts.dryRun || tool.effect === "read") return declined;
  return refuse("dry run", `${tool.name} was not called`);
}

function overLimitRefusal(over: ReturnType<typeof overLimit>): Refused | null {
  return over && { kind: "refused", ...over };
}

function isSameCall(before: ToolStarted | ToolCalled, tool: AnyTool, args: Json): boolean {
  return before.tool === tool.name && canonicalJson(before.args) === canonicalJson(args);
}

function refuse(by: Refusal, reason: string | null): Refused | null {
  return reason === null ? null : { kind: "refused", by, reason };
}

/** Whoever an effect needs says yes to exactly this call, or it is not made. */
async function disapproved(run: Run, path: string, tool: AnyTool, args: Json): Promise<Refused | null> {
  const approver = run.parts.floors[tool.effect];
  if (tool.effect === "read" || !approver) return null;
  const question = judgeQuestion(
    { name: "approve", path: `${path}/approve` },
    {
      // A yes is to these arguments and no others, so their hash is in the version. They themselves are data, which
      // may come from the item, and have no place among a model's instructions.
      ask: `May this call of ${tool.name} be made? Its effect is ${tool.effect}. (${shortHash(canonicalJson(args))})`,
      about: `${tool.name}(${canonicalJson(args)})\n${tool.description}`,
      otherwise: false,
    },
  );
  if (!run.enter(question.path)) return never;
  forgetOther(run, question);
  const approval = await answerStep(run, question, null, [approver]);
  return approval.value === true ? null : { kind: "refused", by: "declined", reason: `${approval.rung} said no` };
}

/** Drops a yes that was said to other arguments: the call it was for was never made. */
function forgetOther(run: Run, question: Question<boolean | null>): void {
  const past = run.past.answers.get(question.path);
  if (!past) return;
  const version = past.kind === "answered" ? past.event.question : past.waiting.question.version;
  if (version !== question.version) run.past.answers.delete(question.path);
}
