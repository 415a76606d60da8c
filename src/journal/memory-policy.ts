/** Labels, the record of promises, and learned weights, as long as the process lives. */

import type { Label, LabelAnswer, NewLabel, OpenLabel } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import type { Labels, NumberedEvent, PolicyLog, Weights } from "./journal.ts";

export class MemoryLabels implements Labels {
  readonly #now: () => number;
  /** By number, from 1. */
  readonly #rows: (Label | OpenLabel)[] = [];
  /** In the order of their answers. */
  readonly #answered: Label[] = [];
  readonly #known = new Set<string>();
  /** Numbers of rows without an answer, by their decision. */
  readonly #unanswered = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async add(labels: readonly NewLabel[]): Promise<void> {
    for (const label of labels) this.insert(label);
  }

  insert(label: NewLabel): void {
    const { question, version, cluster, sample, key, decision } = label;
    // Duplicates are one item: a burst of the same text is one label, and one audit.
    const once = [`${question}\0${version}\0${cluster}\0${sample}\0${key ?? ""}`];
    if (decision !== null) once.push(decision);
    if (once.some((name) => this.#known.has(name))) return;
    for (const name of once) this.#known.add(name);
    const number = this.#rows.length + 1;
    this.#rows.push({ ...label, answer: null, number, made: this.#now() });
    if (decision !== null) this.#unanswered.set(decision, number);
    if (label.answer) this.#give(number, label.answer);
  }

  #give(number: number, answer: LabelAnswer): void {
    const label: Label = { ...this.#rows[number - 1]!, answer, seq: this.#answered.length + 1, at: this.#now() };
    this.#rows[number - 1] = label;
    if (label.decision !== null) this.#unanswered.delete(label.decision);
    this.#answered.push(label);
  }

  /** The answer to the row that was set aside when its item began to wait; a row of its own where there is none. */
  settle(label: NewLabel): void {
    const { decision, answer } = label;
    const number = decision === null ? undefined : this.#unanswered.get(decision);
    if (number !== undefined && answer) this.#give(number, answer);
    else this.insert(label);
  }

  *aside(question: string, version: string, after = 0): Iterable<Label | OpenLabel> {
    for (let index = after; index < this.#rows.length; index++) {
      const row = this.#rows[index]!;
      if (row.question === question && row.version === version) yield row;
    }
  }

  async answer(number: number, answer: LabelAnswer): Promise<boolean> {
    if (this.#rows[number - 1]?.answer !== null) return false;
    this.#give(number, answer);
    return true;
  }

  *answered(question: string, version: string, after = 0): Iterable<Label> {
    for (let index = after; index < this.#answered.length; index++) {
      const label = this.#answered[index]!;
      if (label.question === question && label.version === version) yield label;
    }
  }

  *open(question?: string): Iterable<OpenLabel> {
    for (const row of this.#rows) {
      if (row.answer === null && row.sample === "audit" && (question === undefined || row.question === question))
        yield row as OpenLabel;
    }
  }

  last(): number {
    return this.#rows.length;
  }

  counts(question: string): { answered: number; open: number } {
    const rows = this.#rows.filter((row) => row.question === question);
    const answered = rows.filter((row) => row.answer !== null).length;
    return { answered, open: rows.filter(({ answer, sample }) => answer === null && sample === "audit").length };
  }
}

export class MemoryPolicyLog implements PolicyLog {
  readonly #events: PolicyEvent[] = [];

  async append(events: readonly PolicyEvent[]): Promise<void> {
    this.#events.push(...events);
  }

  read(question?: string): readonly PolicyEvent[] {
    return this.#events.filter((event) => question === undefined || event.question === question);
  }

  since(question: string, after: number): readonly NumberedEvent[] {
    const found: NumberedEvent[] = [];
    for (let number = after + 1; number <= this.#events.length; number++) {
      const event = this.#events[number - 1]!;
      if (event.question === question) found.push({ number, event });
    }
    return found;
  }
}

export class MemoryWeights implements Weights {
  readonly #bytes = new Map<string, Uint8Array>();

  get(digest: string): Uint8Array | undefined {
    return this.#bytes.get(digest);
  }

  async set(digest: string, bytes: Uint8Array): Promise<void> {
    if (!this.#bytes.has(digest)) this.#bytes.set(digest, bytes);
  }
}
