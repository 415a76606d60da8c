/** When a `step.loop` ends: small functions of the turns so far. */

import type { AnyTool } from "../tool/tool.ts";
import type { Turn } from "./step-types.ts";

export type StopRule = (turns: readonly Turn[]) => boolean;

/** Holds once one of these tools was called with success. */
export function calls(...tools: readonly AnyTool[]): StopRule {
  const names = new Set(tools.map((tool) => tool.name));
  return (turns) => {
    const last = turns.at(-1);
    return last !== undefined && last.outcome.kind === "ok" && names.has(last.tool);
  };
}

/** Holds after so many turns. Unlike a limit, this is an end that you wanted. */
export function turns(count: number): StopRule {
  return (past) => past.length >= count;
}
