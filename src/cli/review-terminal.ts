/** Asks a person, question by question, with single keys. */

import { counted } from "../batch/figures.ts";
import { messageOf } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { namesOf } from "../core/question.ts";
import { checkAnswer, giveAnswer, readAnswer, skeleton } from "../review/answer.ts";
import { shownValue } from "../review/sentence.ts";
import { type WaitingQuestion, waitingQuestions } from "../review/waiting.ts";
import { print } from "./command.ts";
import { type Continuing, wentOnLine } from "./continuing.ts";
import type { Keys } from "./keyboard.ts";
import { choicesOf, keysLine, questionLines, suggestedArgs } from "./question-text.ts";
import type { Session } from "./session.ts";
import { cleanLine, styled } from "./text.ts";

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

type Said = { readonly value: Json } | "skip" | "quit";

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

  async #answer({ run, path }: WaitingQuestion, value: Json): Promise<void> {
    const { session, continuing, by } = this.#options;
    if (!(await giveAnswer(session.journal, run.number, path, value, by))) {
      print(styled("yellow", "somebody answered this before; the first answer counts"));
      return;
    }
    this.#answered++;
    print(`${styled("green", "✓")} ${cleanLine(shownValue(value))}`);
    const going: Promise<void> = continuing.goOn(run).then((went) => {
      this.#news.push(wentOnLine(run, went));
      this.#going.delete(going);
    });
    this.#going.add(going);
  }

  #tell(): void {
    for (const line of this.#news.splice(0)) print(styled("dim", `  ${cleanLine(line)}`));
  }

  async #ask(waiting: WaitingQuestion, place: string): Promise<Said> {
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
        const said = await this.#pressed(waiting, key);
        if (said !== null) return said;
      }
    }
  }

  /** The answer that a key stands for; `null` where it stands for none, or its line was given up. */
  async #pressed(waiting: WaitingQuestion, key: string): Promise<Said | null> {
    const { question, suggestion } = waiting;
    if (key === "\r" || key === "\n") {
      if (suggestion) return this.#checked(waiting, suggestion.value);
      print(styled("dim", "there is no suggestion to take"));
      return null;
    }
    if (key === "e") return this.#edited(waiting);
    const choice = choicesOf(waiting).find((one) => one.key === key);
    if (!choice) return null;
    const tool = question.tools.find((offered) => offered.name === choice.name);
    if (question.verb !== "pick") return { value: choice.name };
    if (!tool) return { value: choice.name === question.otherwise ? choice.name : { tool: choice.name, args: {} } };
    const hasArguments = Object.keys((tool.input.properties ?? {}) as object).length > 0;
    if (!hasArguments) return { value: { tool: tool.name, args: {} } };
    const start = suggestedArgs(waiting, tool.name) ?? skeleton(tool.input);
    return this.#line(`${tool.name} `, JSON.stringify(start), (text) =>
      checkAnswer(question, { tool: tool.name, args: readJson(text) }),
    );
  }

  #edited(waiting: WaitingQuestion): Promise<Said | null> {
    const { question, suggestion } = waiting;
    switch (question.verb) {
      case "extract": {
        const start = suggestion?.value ?? skeleton(question.fields ?? {});
        return this.#line("fields: ", JSON.stringify(start), (text) => readAnswer(question, text));
      }
      case "pick":
        return this.#line("call: ", JSON.stringify(suggestion?.value ?? { tool: "", args: {} }), (text) =>
          readAnswer(question, text),
        );
      case "write": {
        const start = typeof suggestion?.value === "string" ? suggestion.value : "";
        return this.#line("text: ", start, (text) => readAnswer(question, text));
      }
      case "choose":
      case "judge":
      case "score":
        return this.#line("name: ", "", (text) => readAnswer(question, completed(namesOf(question), text)), "gives up");
    }
  }

  #checked({ question }: WaitingQuestion, value: Json): Said | null {
    try {
      return { value: checkAnswer(question, value) };
    } catch (thrown) {
      print(styled("red", messageOf(thrown)));
      return null;
    }
  }

  /** Reads a line until it fits or is given up: by Ctrl-C, and by an empty line where that cannot be an answer. */
  async #line(
    prompt: string,
    start: string,
    read: (text: string) => Json,
    empty: "gives up" | "is asked again" = "is asked again",
  ): Promise<Said | null> {
    for (let text: string | null = start; ; ) {
      text = await this.#options.keyboard.line(cleanLine(prompt), text);
      if (text === null || (empty === "gives up" && text.trim() === "")) {
        print(styled("dim", "given up; the question is still open: v shows it again, s skips it, q quits"));
        return null;
      }
      try {
        // A form that was sent back as it came is a slip, unless it was full.
        if (text === start && text.includes(':""')) throw new Error("fill it in first; Ctrl-C gives up");
        return { value: read(text) };
      } catch (thrown) {
        print(styled("red", cleanLine(messageOf(thrown))));
      }
    }
  }
}

/** The one name that begins like this, or the text itself. */
function completed(names: readonly string[], text: string): string {
  const typed = text.trim().toLowerCase();
  if (names.includes(text.trim())) return text;
  const fitting = names.filter((name) => name.toLowerCase().startsWith(typed));
  return typed !== "" && fitting.length === 1 ? fitting[0]! : text;
}

function readJson(text: string): Json {
  return JSON.parse(text) as Json;
}

function keyOf({ run, path }: WaitingQuestion): string {
  return `${run.number} ${path}`;
}
