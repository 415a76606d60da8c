/** How a tool call can end: values, never exceptions. */

import type { Json } from "./json.ts";

export type Refusal = "run limit" | "step limit" | "not offered" | "repeated" | "dry run" | "declined";

export type Outcome<T = unknown> =
  | { readonly kind: "ok"; readonly value: T }
  /** A valid call for something that does not exist. Not an error. */
  | { readonly kind: "not_found"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "timed_out"; readonly seconds: number }
  | { readonly kind: "refused"; readonly by: Refusal; readonly reason: string };

/** The outcome as a line of text, for a model's next turn and for people. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case "ok":
      return shown(outcome.value);
    case "not_found":
      return `not found: ${outcome.reason}`;
    case "failed":
      return `failed: ${outcome.reason}`;
    case "timed_out":
      return `timed out after ${outcome.seconds} s`;
    case "refused":
      return `refused (${outcome.by}): ${outcome.reason}`;
  }
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "done";
  } catch {
    // The tool's output schema may have made something of the value that JSON cannot say.
    return String(value);
  }
}

/** An outcome as it stands in the journal: the tool's raw value, before its output schema transforms it. */
export type JournaledOutcome = Outcome<Json>;
