/** How often a rung further up is right, as far as the labels tell. */

import type { Label } from "../core/label.ts";
import type { Question } from "../core/question.ts";
import type { Journal } from "../journal/journal.ts";
import { sameAnswer } from "../policy/met-question.ts";

interface Tally {
  answers: number;
  wrong: number;
}

/** So many right answers are taken for granted: one mistake at the start is no evidence of a bad rung. */
const prior = 10;

/**
 * Shares of the rungs' answers not found wrong, by the questions' labels. An answer that stood and that nobody looked
 * at counts as right, so that a share is the most that it can be; without any label it is 1.
 */
export class FoundRight {
  readonly #journal: Pick<Journal, "labels" | "events">;
  readonly #read = new Map<string, { seq: number; readonly rungs: Map<string, Tally> }>();

  constructor(journal: Pick<Journal, "labels" | "events">) {
    this.#journal = journal;
  }

  /** 0 to 1, smoothed. Reads what was labelled since the last look. */
  of(question: Question, rung: string): number {
    const { name, version } = question;
    const key = `${name}\0${version}`;
    const known = this.#read.get(key) ?? { seq: 0, rungs: new Map<string, Tally>() };
    this.#read.set(key, known);
    for (const label of this.#journal.labels.answered(name, version, known.seq)) {
      known.seq = label.seq;
      this.#count(question, label, known.rungs);
    }
    const { answers, wrong } = known.rungs.get(rung) ?? { answers: 0, wrong: 0 };
    return (answers - wrong + prior) / (answers + prior);
  }

  #count(question: Question, { answer, decision, sample }: Label, rungs: Map<string, Tally>): void {
    const add = (rung: string, isWrong: boolean): void => {
      const tally = rungs.get(rung) ?? { answers: 0, wrong: 0 };
      tally.answers++;
      if (isWrong) tally.wrong++;
      rungs.set(rung, tally);
    };
    // What audits say is of the answers that stood below.
    if (sample === "audit") return;
    if (answer.source === "frontier") add(answer.by, false);
    if (answer.source !== "person" || decision === null) return;
    // What the rungs had said before the person was asked.
    const [, number, path] = /^[^-]*-(\d+)\/(.*)$/s.exec(decision) ?? [];
    const waited = this.#journal.events(Number(number)).find((event) => {
      return event.type === "step_waiting" && event.path === path;
    });
    if (waited?.type !== "step_waiting") return;
    for (const { rung, value, verdict } of waited.trail) {
      if (value !== undefined && verdict) add(rung, !sameAnswer(question, value, answer.value));
    }
  }
}
