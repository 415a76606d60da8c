/** Errors, by who must act. Trouble that a loop should expect is a value instead (see answer.ts, outcome.ts). */

export interface ErrorDetails {
  cause?: unknown;
  /** The value that was wrong, kept small: it is shown to people. */
  value?: unknown;
}

/** The base of every error that Pawl throws. `code` is stable and may be matched on. */
export class PawlError extends Error {
  readonly code: string;
  readonly value: unknown;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.value = details.value;
  }
}

/** You: the loop, the config, the command line or the data is wrong. */
export class UsageError extends PawlError {}

/** The backend: a model is missing, broken or not answering. */
export class ModelError extends PawlError {}

/** The tool: its definition or its code is at fault. Failures of a call are outcomes, not this. */
export class ToolError extends PawlError {}

/** The disk: the journal or a model file cannot be read or written. */
export class StorageError extends PawlError {}

/** The message of anything thrown, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
