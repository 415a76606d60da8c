/** One call of a tool: time-limited, its result checked. However it ends, it ends as an outcome. */

import { messageOf } from "../core/errors.ts";
import { type Json, toJson } from "../core/json.ts";
import { longestTimer } from "../core/longest-timer.ts";
import type { JournaledOutcome, Outcome } from "../core/outcome.ts";
import { parse } from "../core/schema.ts";
import { type AnyTool, type CallContext, notFoundReason } from "./tool.ts";

const defaultSeconds = 30;
/** The raw outcome for the journal, and the typed one for the author. */
export interface Called {
  readonly journaled: JournaledOutcome;
  readonly outcome: Outcome;
}

/**
 * Calls a tool with arguments that its schema has parsed. Never rejects. A call that outlives its limit is
 * abandoned with its signal aborted: what it did may still have happened, and the same key will be used again.
 */
export async function callTool(
  tool: AnyTool,
  args: unknown,
  key: string,
  run: { readonly signal: AbortSignal },
): Promise<Called> {
  const seconds = tool.limits.seconds ?? defaultSeconds;
  let signal: AbortSignal | undefined;
  let late: AbortController | undefined;
  const context: CallContext = {
    key,
    // Made when first asked for: most tools never look, and a controller costs more than a call.
    get signal(): AbortSignal {
      late ??= new AbortController();
      signal ??= AbortSignal.any([late.signal, run.signal]);
      return signal;
    },
  };
  let value: unknown;
  try {
    value = tool.run(args as never, context);
    if (isThenable(value)) {
      value = await within(value, seconds);
      if (value === timedOut) {
        // Also for a tool that first looks at its signal from now on.
        late ??= new AbortController();
        late.abort(new Error(`the call took more than ${seconds} s`));
        return both({ kind: "timed_out", seconds });
      }
    }
  } catch (thrown) {
    return both({ kind: "failed", reason: messageOf(thrown) });
  }
  const reason = notFoundReason(value);
  if (reason !== undefined) return both({ kind: "not_found", reason });
  let json: Json;
  try {
    // The schema reads what the journal will give back, so that a replay meets the very same outcome.
    json = toJson(value);
  } catch (thrown) {
    return both({ kind: "failed", reason: `${tool.name} returned a value that is not JSON: ${messageOf(thrown)}` });
  }
  return settle(tool, json);
}

/** Reads the result against the tool's output schema; also used when an outcome comes out of the journal. */
export async function settle(tool: AnyTool, value: Json): Promise<Called> {
  const checked = parse(tool.output, value);
  const parsed = checked instanceof Promise ? await checked : checked;
  if (!parsed.ok) {
    const { path, message } = parsed.issue;
    return both({
      kind: "failed",
      reason: `${tool.name} returned the wrong shape${path && ` at ${path}`}: ${message}`,
    });
  }
  return { journaled: { kind: "ok", value }, outcome: { kind: "ok", value: parsed.value } };
}

function both(outcome: Exclude<JournaledOutcome, { kind: "ok" }>): Called {
  return { journaled: outcome, outcome };
}

const timedOut = Symbol("timed out");

/** Query builders and the like are promises in all but name. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

async function within<T>(promise: PromiseLike<T>, seconds: number): Promise<T | typeof timedOut> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<typeof timedOut>((resolve) => {
    timer = setTimeout(resolve, Math.min(seconds * 1000, longestTimer), timedOut);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
