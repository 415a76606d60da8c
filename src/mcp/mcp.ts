/** Tools of MCP servers as tools of Pawl: what a server is, what it lists, and what of it may be offered. */

import type { Json } from "../core/json.ts";
import type { Effect } from "../core/question.ts";
import type { Schema } from "../core/schema.ts";
import type { Tool, ToolLimits } from "../tool/tool.ts";

/** Where an MCP server is: a program that is started, or an address that speaks streamable HTTP. */
export type McpServer =
  | {
      readonly command: string;
      readonly args?: readonly string[];
      /**
       * Variables for the program, beside those that it needs to start (`PATH`, `HOME`, `USER`, `LOGNAME`, `SHELL`,
       * `TERM`, on Windows their likes). No other variable of this process reaches it.
       */
      readonly env?: { readonly [name: string]: string };
      /** Its working folder; by default this process's. */
      readonly cwd?: string;
    }
  | {
      readonly url: string | URL;
      readonly headers?: { readonly [name: string]: string };
    };

/** What a server says about a tool of its own. A hint is shown, and never believed. */
export interface ToolHints {
  readonly readOnly: boolean | null;
  readonly destructive: boolean | null;
  readonly idempotent: boolean | null;
  readonly openWorld: boolean | null;
}

/** A tool as a server lists it. All text is a stranger's: shortened, and without signs that command a terminal. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly hints: ToolHints;
  /** What its hints amount to. Only you know whether it is so. */
  readonly suggested: Effect;
  /** Changes with its name, title, description, schemas or hints: what `pin` compares. */
  readonly hash: string;
  /** Why it cannot be offered even if its effect is declared; `null` where it can. */
  readonly trouble: string | null;
}

/** A tool of a server. Its arguments are checked on this side before each call. */
export type McpTool = Tool<string, Schema<{ readonly [argument: string]: unknown }>, Schema<Json>>;

export interface McpToolsOptions {
  /** The tools that may be offered, by the server's names, each with what it does to the world. */
  readonly effects: { readonly [tool: string]: Effect };
  /** Limits of calls, by the server's names. */
  readonly limits?: { readonly [tool: string]: ToolLimits };
  /** Hashes that tools must have, by the server's names: see `ListedTool.hash`. */
  readonly pin?: { readonly [tool: string]: string };
  /** Comes before each name, so that tools of two servers stay apart: lower-case letters, digits and `_`. */
  readonly prefix?: string;
  /** Most bytes of one result as JSON; 65,536 by default. A longer text is cut, and says so. */
  readonly mostBytes?: number;
  /** Longest that the server may take to start and to list its tools, in seconds; 30 by default. */
  readonly seconds?: number;
}

/** The offered tools of one open server. Ends the server's process when it is disposed of. */
export interface McpToolset extends AsyncDisposable {
  /** In the order of `effects`. */
  readonly tools: readonly McpTool[];
  /** The offered tool of that name (the server's). Throws `UsageError` `E_MCP_TOOL` where there is none. */
  tool(name: string): McpTool;
  /** What the server has besides: no effect is declared, so it counts as irreversible and is not offered. */
  readonly undeclared: readonly ListedTool[];
  /** What the server says about its use, at most 4,000 characters. A stranger's text: it goes into no prompt. */
  readonly instructions: string | null;
  close(): Promise<void>;
}
