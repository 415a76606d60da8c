/** Asks a person, question by question, with single keys. */

import { counted } from "../batch/figures.ts";
import type { Json } from "../core/json.ts";
import { giveAnswer } from "../review/answer.ts";
import { shownValue } from "../review/sentence.ts";
import { saidBefore, type WaitingQuestion, waitingQuestions } from "../review/waiting.ts";
import { type Answer, answerOf } from "./answer-keys.ts";
import { print } from "./command.ts";
import { type Continuing, wentOnLine } from "./continuing.ts";
import type { Keys } from "./keyboard.ts";
import { keysLine, questionLines } from "./question-text.ts";
import type { Session } from "./session.ts";
import { cleanLine, probability, styled } from "./text.ts";

export interface ReviewOptions {
  readonly session: Pick<Session, "journal">;
  readonly keyboard: Keys;
  readonly continuing: Pick<Continuing, "goOn">;
  /** Questions of this loop only. */
  readonly loop: string | undefined;
  /** Also those that a newer run of their item has overtaken. */
  readonly all: boolean;
  /** Whose answers these are. */
  readonly by: string;
}

/** How a review ended. */
export interface Reviewed {
  readonly answered: number;
  readonly skipped: number;
  /** Questions that still wait. */
  readonly left: number;
}

/** Until nothing waits any more, or somebody quits. Runs go on in the background while the next question is asked. */
export async function reviewInTerminal(options: ReviewOptions): Promise<Reviewed> {
  return new Review(options).go();
}

class Review {
  readonly #options: ReviewOptions;
  readonly #skipped = new Set<string>();
  readonly #going = new Set<Promise<void>>();
  /** What happened in the background, told between two questions. */
  readonly #news: string[] = [];
  #answered = 0;

  constructor(options: ReviewOptions) {
    this.#options = options;
  }

  async go(): Promise<Reviewed> {
    for (let quit = false; !quit; ) {
      const round = this.#open();
      if (round.length === 0) {
        if (this.#going.size === 0) break;
        print(styled("dim", `${counted(this.#going.size, "run")} under way …`));
        await Promise.race(this.#going);
        this.#tell();
        continue;
      }
      for (const [index, waiting] of round.entries()) {
        const said = await this.#ask(waiting, `${index + 1} of ${round.length}`);
        if (said === "quit") {
          quit = true;
          break;
        }
        if (said === "skip") this.#skipped.add(keyOf(waiting));
        else await this.#answer(waiting, said.value);
      }
    }
    if (this.#going.size > 0) print(styled("dim", `ending ${counted(this.#going.size, "run")} …`));
    await Promise.all(this.#going);
    this.#tell();
    return { answered: this.#answered, skipped: this.#skipped.size, left: this.#count() };
  }

  /** What can be asked now. */
  #open(): readonly WaitingQuestion[] {
    return [...this.#waiting()].filter((waiting) => !this.#skipped.has(keyOf(waiting)));
  }

  *#waiting(): Iterable<WaitingQuestion> {
    const { session, loop, all } = this.#options;
    for (const waiting of waitingQuestions(session.journal, loop)) if (all || !waiting.superseded) yield waiting;
  }

  #count(): number {
    let count = 0;
    for (const _ of this.#waiting()) count++;
    return count;
  }

  async #answer({ run, path, isBlind }: WaitingQuestion, value: Json): Promise<void> {
    const { session, continuing, by } = this.#options;
    if (!(await giveAnswer(session.journal, run.number, path, value, by))) {
      print(styled("yellow", "somebody answered this before; the first answer counts"));
      return;
    }
    this.#answered++;
    const said = isBlind ? saidBefore(session.journal, run.number, path) : null;
    const sure = said === null || said.confidence === null ? "" : ` at ${probability(said.confidence)}`;
    const before = said && styled("dim", `   ${said.rung} had said ${cleanLine(shownValue(said.value))}${sure}`);
    print(`${styled("green", "✓")} ${cleanLine(shownValue(value))}${before ?? ""}`);
    const going: Promise<void> = continuing.goOn(run).then((went) => {
      this.#news.push(wentOnLine(run, went));
      this.#going.delete(going);
    });
    this.#going.add(going);
  }

  #tell(): void {
    for (const line of this.#news.splice(0)) print(styled("dim", `  ${cleanLine(line)}`));
  }

  async #ask(waiting: WaitingQuestion, place: string): Promise<Answer | "skip" | "quit"> {
    const { keyboard } = this.#options;
    const show = (all: boolean): void => {
      this.#tell();
      for (const line of questionLines(waiting, place, process.stdout.rows ?? 24, all)) print(line);
      print(styled("dim", keysLine(waiting)));
    };
    show(false);
    for (;;) {
      const key = await keyboard.key();
      if (key === null || key === "q") return "quit";
      if (key === "s") return "skip";
      if (key === "v") show(true);
      else {
        const answer = await answerOf(waiting, key, keyboard);
        if (answer !== null) return answer;
      }
    }
  }
}

function keyOf({ run, path }: WaitingQuestion): string {
  return `${run.number} ${path}`;
}
