/** One call of a tool: time-limited, its result checked. However it ends, it ends as an outcome. */

import { messageOf } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
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
  let controller: AbortController | undefined;
  const context: CallContext = {
    key,
    // Made when first asked for: most tools never look, and a controller costs more than a call.
    get signal(): AbortSignal {
      controller ??= new AbortController();
      return AbortSignal.any([controller.signal, run.signal]);
    },
  };
  let value: unknown;
  try {
    value = tool.run(args as never, context);
    if (value instanceof Promise) {
      const late = await within(value, seconds);
      if (late === timedOut) {
        controller?.abort(new Error(`the call took more than ${seconds} s`));
        return both({ kind: "timed_out", seconds });
      }
      value = late;
    }
  } catch (thrown) {
    return both({ kind: "failed", reason: messageOf(thrown) });
  }
  return settle(tool, value === undefined ? null : value);
}

/** Reads the result against the tool's output schema; also used when an outcome comes out of the journal. */
export async function settle(tool: AnyTool, value: unknown): Promise<Called> {
  const reason = notFoundReason(value);
  if (reason !== undefined) return both({ kind: "not_found", reason });
  const checked = parse(tool.output, value);
  const parsed = checked instanceof Promise ? await checked : checked;
  if (!parsed.ok) {
    const { path, message } = parsed.issue;
    return both({
      kind: "failed",
      reason: `${tool.name} returned the wrong shape${path && ` at ${path}`}: ${message}`,
    });
  }
  return { journaled: { kind: "ok", value: value as Json }, outcome: { kind: "ok", value: parsed.value } };
}

function both(outcome: Exclude<JournaledOutcome, { kind: "ok" }>): Called {
  return { journaled: outcome, outcome };
}

const timedOut = Symbol("timed out");

async function within<T>(promise: Promise<T>, seconds: number): Promise<T | typeof timedOut> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<typeof timedOut>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, timedOut);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}
