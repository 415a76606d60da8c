/** `step.loop`: one tool a turn out of those offered, until a rule, the model or a limit ends it. */

import { describeOutcome } from "../core/outcome.ts";
import { rendered } from "../core/rendered.ts";
import { CallBook } from "../tool/offer.ts";
import type { AnyTool } from "../tool/tool.ts";
import { type Place, pickedIn, pickQuestion } from "./ask.ts";
import { callStep, refuseCall } from "./call-step.ts";
import { offerNow } from "./ladder.ts";
import { never } from "./never.ts";
import type { Run } from "./run.ts";
import { answerStep } from "./step.ts";
import type { LoopResult, LoopSpec, Picked, Turn } from "./step-types.ts";

export async function turnsStep(run: Run, place: Place, spec: LoopSpec<readonly AnyTool[]>): Promise<LoopResult> {
  const { tools, until = [], limits = {}, ask = "What is the next step?", risk = null } = spec;
  const rules = typeof until === "function" ? [until] : until;
  const finish = spec.finish === undefined ? (rules.length === 0 ? "finish" : null) : spec.finish || null;
  const step = new CallBook();
  const seen: Seen = { settled: new Set(), unknown: new Map() };
  const turns: Turn[] = [];
  const about = (): string => tell(spec.about, turns);
  const end = (ended: LoopResult["ended"]): LoopResult => {
    const last = turns.at(-1);
    return { ended, tool: last?.tool ?? null, outcome: last?.outcome ?? null, turns };
  };

  for (let turn = 1; turn <= (limits.steps ?? 10); turn++) {
    const path = `${place.path}/${turn}`;
    const ladder = run.parts.ladder(place.name);
    const { offered } = offerNow(run, ladder, tools, step);
    if (offered.length === 0 && !run.past.answers.has(path)) return end("nothing to do");
    const next = await run.busy(async () => {
      if (!run.enter(path)) return never;
      const choice = { tools, offered, otherwise: "none of these", finish, ask };
      const question = pickQuestion({ name: place.name, path }, spec, choice, about, run.book);
      const answer = await answerStep(run, question, risk, ladder);
      return answer.value === null ? null : act(run, path, answer.value, step, seen);
    });
    if (next === null) return end(finish === null ? "nothing to do" : "finished");
    turns.push(next);
    if (next.outcome.kind === "refused" && next.outcome.by === "repeated") return end("repeated");
    if (rules.some((rule) => rule(turns))) return end("until");
  }
  return end("limit");
}

/** Calls of one `step.loop`, each in one spelling. */
interface Seen {
  /** Answered, or refused for good. */
  readonly settled: Set<string>;
  /** Timed out or failed, with the path they were first made under: they may have happened, so they keep their key. */
  readonly unknown: Map<string, string>;
}

/** Makes the picked call, unless the very same one was made before and answered. */
async function act(run: Run, path: string, picked: Picked, step: CallBook, seen: Seen): Promise<Turn> {
  const { tool, text } = pickedIn(run.book, picked)!;
  const { args } = picked;
  if (seen.settled.has(text)) {
    const reason = "the same call with the same arguments was made before";
    const outcome = await refuseCall(run, path, tool, args, { kind: "refused", by: "repeated", reason });
    return { tool: tool.name, args, outcome };
  }
  const keyPath = seen.unknown.get(text) ?? path;
  const outcome = await callStep(run, path, tool, args, "picked", step, keyPath);
  // A failed call may be tried again; one that was answered, or that may not be made, will not come out otherwise.
  if (outcome.kind === "timed_out" || outcome.kind === "failed") seen.unknown.set(text, keyPath);
  else seen.settled.add(text);
  return { tool: tool.name, args, outcome };
}

/** The item, and what was done about it so far. */
function tell(about: unknown, turns: readonly Turn[]): string {
  if (turns.length === 0) return rendered(about);
  const lines = turns.map((turn) => `${turn.tool}(${JSON.stringify(turn.args)}): ${describeOutcome(turn.outcome)}`);
  return `${rendered(about)}\n\nDone so far:\n${lines.join("\n")}`;
}
