/**
 * The stream of tickets, block by block: what one block taught is learned before the next begins. So a slow machine
 * and a fast one decide alike: how far learning had come at a ticket does not hang on the clock.
 */

import type { GoodRow } from "../data/row.ts";
import type { Ticket } from "../data/tickets.ts";
import type { Policy } from "../policy/policy.ts";

/** Divides every line of the table. */
const blockSize = 50;

export interface StreamOptions {
  readonly tickets: readonly Ticket[];
  /** Before a block: what can be got ready for all of it at once. */
  readonly prepare: (block: readonly Ticket[]) => Promise<void>;
  /** Resolves when so many tickets came to their end. */
  readonly ended: (tickets: number) => Promise<void>;
  /** After a block. */
  readonly learn: (block: readonly Ticket[]) => Promise<void>;
}

export async function* streamOf({ tickets, prepare, ended, learn }: StreamOptions): AsyncGenerator<GoodRow> {
  for (let from = 0; from < tickets.length; from += blockSize) {
    const block = tickets.slice(from, from + blockSize);
    await prepare(block);
    for (const [index, { id, text }] of block.entries()) {
      const position = from + index + 1;
      // The header is line 1. A ticket has no line breaks.
      yield { kind: "row", position, line: position + 1, bytes: Buffer.byteLength(text), value: { id, text } };
    }
    await ended(from + block.length);
    await learn(block);
  }
}

/** The policy as a block sees it: its labels wait until the block is over. */
export function heldBack(policy: Policy): Policy {
  return {
    standing: (question, risk, ladder) => policy.standing(question, risk, ladder),
    nudge() {},
  };
}

/** A number that only grows, and those who wait for it. */
export class Reached {
  #value = 0;
  #waiting: { readonly value: number; readonly resolve: () => void }[] = [];

  set(value: number): void {
    this.#value = value;
    for (const { resolve } of this.#waiting.filter((one) => one.value <= value)) resolve();
    this.#waiting = this.#waiting.filter((one) => one.value > value);
  }

  at(value: number): Promise<void> {
    if (this.#value >= value) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ value, resolve }));
  }
}
