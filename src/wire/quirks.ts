/** What vendors and servers do differently, as data: one table, no subclass per vendor. */

/** How a server wants to be asked. Every field has a plain default (`plain`). */
export interface Quirks {
  /** How a closed answer is forced: a JSON schema, a forced tool, or nothing (the prompt alone). */
  readonly structure: "json_schema" | "tool" | "json_object" | "none";
  /** Whether the token probabilities it gives were taken before the constraint. */
  readonly logprobs: "raw" | "constrained" | "unknown" | "none";
  /** Most alternatives of a token that it lists. */
  readonly topLogprobs: number;
  /** Whether a structured output must be left out for its probabilities to be honest. */
  readonly unconstrainedForLogprobs: boolean;
  /** Whether a temperature may be sent. */
  readonly temperature: "any" | "never" | "without reasoning";
  /** Whether one tool may be demanded. */
  readonly forcedTool: boolean;
  /** Name of the field that bounds the answer's length. */
  readonly maxTokensField: "max_tokens" | "max_completion_tokens" | "max_output_tokens";
  /** Header of the provider's idempotency key; `null` where it has none. */
  readonly idempotencyHeader: string | null;
  /** Fields that turn thinking off, merged into the body. */
  readonly noThinking: { readonly [key: string]: unknown };
}
