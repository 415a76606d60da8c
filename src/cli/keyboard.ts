/** Single keys and edited lines from a terminal. */

import { createInterface } from "node:readline/promises";
import type { ReadStream } from "node:tty";

/** Keys as they come: a character, or a whole escape sequence. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const keyPattern = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|[^\x1b]/gu;

/** What a person types with. */
export interface Keys {
  /** The next key; `null` when there will be none, or on Ctrl-C and Ctrl-D. */
  key(): Promise<string | null>;
  /** A line, edited from `start`; `null` on Ctrl-C or Ctrl-D. */
  line(prompt: string, start?: string): Promise<string | null>;
}

export class Keyboard implements Keys {
  readonly #input: ReadStream;
  #keys: string[] = [];
  #wake: (() => void) | null = null;
  #ended = false;
  readonly #onData = (data: Buffer): void => {
    this.#keys.push(...(data.toString("utf8").match(keyPattern) ?? []));
    this.#wake?.();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  constructor(input: ReadStream = process.stdin) {
    this.#input = input;
    input.on("end", this.#onEnd);
    this.#listen();
  }

  #listen(): void {
    this.#input.setRawMode(true);
    this.#input.on("data", this.#onData);
    this.#input.resume();
  }

  #rest(): void {
    this.#input.setRawMode(false);
    this.#input.off("data", this.#onData);
    this.#input.pause();
  }

  async key(): Promise<string | null> {
    while (this.#keys.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const key = this.#keys.shift() ?? null;
    return key === "\x03" || key === "\x04" ? null : key;
  }

  /** What was typed ahead comes first. */
  async line(prompt: string, start = ""): Promise<string | null> {
    this.#rest();
    const lines = createInterface({ input: this.#input, output: process.stdout, terminal: true });
    const controller = new AbortController();
    lines.on("SIGINT", () => controller.abort());
    lines.on("close", () => controller.abort());
    try {
      const asking = lines.question(prompt, { signal: controller.signal });
      lines.write(start + this.#keys.splice(0).join(""));
      return await asking;
    } catch {
      process.stdout.write("\n");
      return null;
    } finally {
      lines.close();
      this.#listen();
    }
  }

  close(): void {
    this.#rest();
    this.#input.off("end", this.#onEnd);
    this.#input.unref();
  }
}
