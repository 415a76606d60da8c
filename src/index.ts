/** The public API, every name written out. */

export { type Config, defineConfig } from "./config/config.ts";
export { makeParts, type OpenParts, type PartsOptions } from "./config/parts.ts";
export type { Answer, Attempt, Basis, CheckResult, Evidence, Reply, Verdict } from "./core/answer.ts";
export { ModelError, PawlError, StorageError, ToolError, UsageError } from "./core/errors.ts";
export type { Event, RunOutcome } from "./core/event.ts";
export type { Json } from "./core/json.ts";
export type { Outcome } from "./core/outcome.ts";
export type { Effect, Option, ProposedCall, Question, Verb } from "./core/question.ts";
export { type Schema, withJsonSchema } from "./core/schema.ts";
export { type ChosenThreshold, type Labelled, thresholdFor } from "./core/threshold-for.ts";
export type { Usage } from "./core/usage.ts";
export { formatShare, type Share, wilson } from "./core/wilson.ts";
export type { Journal, NewRun, RunRecord, RunStatus } from "./journal/journal.ts";
export { memoryJournal } from "./journal/memory.ts";
export { openJournal } from "./journal/sqlite.ts";
export { defineLoop, type Loop, type LoopDefinition, type RunLimits } from "./loop/loop.ts";
export { type Parts, type RunEnd, replayRun, runItem } from "./loop/run.ts";
export type { LoopResult, Picked, Step, StepName, Turn } from "./loop/step-types.ts";
export { calls, type StopRule, turns } from "./loop/stop.ts";
export { cache } from "./rung/cache.ts";
export { encoder } from "./rung/encoder.ts";
export { model } from "./rung/model.ts";
export { person } from "./rung/person.ts";
export { fallback, type Rule, rules } from "./rung/rules.ts";
export type { DecideContext, Rung } from "./rung/rung.ts";
export { words } from "./rung/words.ts";
export { defineTool, notFound, type Tool, type ToolDefinition } from "./tool/tool.ts";
