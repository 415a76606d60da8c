/** Keeps what is called to what was declared: a tool that changed meanwhile is not called until it is opened anew. */

import { ToolError } from "../core/errors.ts";
import type { Connection } from "./connection.ts";
import { toolHash } from "./listed-tool.ts";

/** A server that changes its list each time somebody looks is not looked at for ever. */
const mostLooks = 3;

export class Guard {
  readonly #connection: Connection;
  /** Of each declared tool, as it was when its effect was declared. */
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #changed = new Set<string>();
  #look: Promise<void> | null = null;

  constructor(connection: Connection, hashes: ReadonlyMap<string, string>) {
    this.#connection = connection;
    this.#hashes = hashes;
  }

  /** Rejects with a `ToolError` `E_MCP_CHANGED`, and with `E_MCP_SERVER` where the list cannot be had. */
  async check(name: string, signal: AbortSignal): Promise<void> {
    for (let looks = 0; this.#connection.isStale || this.#look; looks++) {
      if (looks === mostLooks) throw changed(name, "keeps changing its tools");
      this.#look ??= this.#lookAgain().finally(() => {
        this.#look = null;
      });
      await this.#look;
      signal.throwIfAborted();
    }
    if (this.#changed.has(name)) throw changed(name, `changed its tool ${name}`);
  }

  async #lookAgain(): Promise<void> {
    // Before the list is asked for: it may change once more while we look.
    this.#connection.isStale = false;
    try {
      const sent = await this.#connection.tools();
      for (const [name, hash] of this.#hashes) {
        const same = sent.filter((tool) => tool.name === name);
        if (same.length !== 1 || toolHash(same[0]!) !== hash) this.#changed.add(name);
      }
    } catch (thrown) {
      this.#connection.isStale = true;
      throw thrown;
    }
  }
}

function changed(name: string, what: string): ToolError {
  const message = `the server ${what} after the effect of ${name} was declared: it is not called until the server is opened again`;
  return new ToolError("E_MCP_CHANGED", message, { value: name });
}
