/** Asks the rung above about answers that were let through and drawn for an audit. Its answers are labels, no more. */

import { usableConfidence } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import type { MetQuestion, OpenLabel } from "../core/label.ts";
import type { Usage } from "../core/usage.ts";
import type { Journal } from "../journal/journal.ts";
import type { Rung } from "../rung/rung.ts";
import { isClosed, nameIndex, questionAbout } from "./met-question.ts";

/** The money that an audit takes, out of the same day's budget as the runs'. */
export interface Purse {
  /** Sets so much aside, until it is settled with what it really took; `null` where the day has not that much left. */
  reserve(most: number): { settle(really: number): void } | null;
}

/** Audits under way at once: they must not crowd out what runs are waiting for. */
const atOnce = 4;

export class Auditor {
  readonly #rung: Rung;
  readonly #purse: Purse | null;
  readonly #journal: Pick<Journal, "labels">;
  /** Audits that the rung had no answer to: they stay open, for a person. Missing is not right. */
  readonly #unanswered = new Set<number>();

  constructor(rung: Rung, journal: Pick<Journal, "labels">, purse: Purse | null) {
    this.#rung = rung;
    this.#journal = journal;
    this.#purse = purse;
  }

  /** Answers what is open and can be answered. Resolves with how many were; rejects with a `StorageError`. */
  async work(met: MetQuestion, signal: AbortSignal): Promise<number> {
    let answered = 0;
    let page: OpenLabel[] = [];
    const flush = async (): Promise<void> => {
      const done = await Promise.all(page.map((label) => this.#audit(met, label, signal)));
      answered += done.filter(Boolean).length;
      page = [];
    };
    for (const label of this.#journal.labels.open(met.name)) {
      if (signal.aborted) break;
      if (label.version !== met.version || this.#unanswered.has(label.number)) continue;
      page.push(label);
      if (page.length === atOnce) await flush();
    }
    await flush();
    return answered;
  }

  async #audit(met: MetQuestion, label: OpenLabel, signal: AbortSignal): Promise<boolean> {
    const rung = this.#rung;
    // What has no price cannot be set aside.
    const booking = this.#purse && rung.mostCost !== null ? this.#purse.reserve(rung.mostCost) : null;
    if (this.#purse && !booking) return false;
    const asked = await this.#ask(met, label, signal);
    // An answer that is none of the names is no answer: the audit stays open.
    const said = asked && (!isClosed(met) || nameIndex(met, asked.value) !== -1) ? asked : null;
    booking?.settle(asked?.usage.cost ?? 0);
    if (!said) {
      this.#unanswered.add(label.number);
      return false;
    }
    const answer = { value: said.value, source: rung.source ?? "frontier", by: rung.name } as const;
    return await this.#journal.labels.answer(label.number, answer);
  }

  async #ask(
    met: MetQuestion,
    { about, decision }: OpenLabel,
    signal: AbortSignal,
  ): Promise<{ readonly value: Json; readonly usage: Usage } | null> {
    try {
      const context = { signal, run: decision ?? "", item: null, suggestion: null, repair: null };
      const reply = await this.#rung.decide(questionAbout(met, about), context);
      if (reply.kind !== "answered") return null;
      // As in a run: what is not sure enough, or no answer, would have gone on to a person.
      const { acceptAt } = this.#rung;
      const isSure =
        acceptAt === null || ((usableConfidence(reply.confidence) ?? -1) >= acceptAt && reply.value !== met.otherwise);
      return isSure ? { value: reply.value as Json, usage: reply.usage } : null;
    } catch {
      // A rung that is broken now is one that did not answer; runs will say so louder.
      return null;
    }
  }
}
