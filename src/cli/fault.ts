/** From what was thrown to one clear message and an exit code. */

import type { ExitCode } from "./command.ts";

export interface Fault {
  /** Stable, such as `E_NO_FILE`; `E_BUG` for what is no error of ours. */
  readonly code: string;
  readonly message: string;
  readonly exit: ExitCode;
  /** Only of a bug: where it was thrown. */
  readonly stack?: string;
}

const exits: { readonly [name: string]: ExitCode } = {
  UsageError: 2,
  ModelError: 5,
  BackendError: 5,
  BrokenRung: 5,
  StorageError: 1,
  ToolError: 1,
  PawlError: 1,
};

/** By name, because a loop may come with another copy of this package. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string") {
    const exit = exits[thrown.name];
    if (exit !== undefined) return { code: thrown.code, message: thrown.message, exit };
  }
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return { code: "E_INTERRUPTED", message: "interrupted", exit: 130 };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return { code: "E_BUG", message: `an error that should not be: ${message}`, exit: 1, ...(stack && { stack }) };
}
