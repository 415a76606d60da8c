/** Runs and events that tests of a journal write. */

import type { PersonAnswered, StepAnswered, StepWaiting } from "../../src/core/event.ts";
import type { NewRun } from "../../src/journal/journal.ts";

export function newRun(item: string, more: Partial<NewRun> = {}): NewRun {
  return { loop: "l", version: "1", item, content: `content of ${item}`, input: { id: item }, ...more };
}

export function answered(path: string, more: Partial<StepAnswered> = {}): StepAnswered {
  const settled = { value: "x", confidence: 0.9, basis: "raw", rung: "scripted", risk: null, trail: [] } as const;
  return { type: "step_answered", path, verb: "choose", question: "q", milliseconds: 1, ...settled, ...more };
}

export function waits(path: string, cacheKey?: string): StepWaiting {
  const question = { verb: "choose", name: path, ask: "?", about: "a", options: [], otherwise: null } as const;
  return {
    type: "step_waiting",
    path,
    question: { ...question, fields: null, tools: [], version: "v" },
    risk: null,
    trail: [],
    ...(cacheKey !== undefined && { cacheKey }),
  };
}

export function said(path: string, value: string): PersonAnswered {
  return { type: "person_answered", path, value, by: "ann" };
}
