/** Asks a person for labels, one item after the other, with single keys. */

import type { Json } from "../core/json.ts";
import type { WaitingQuestion } from "../review/waiting.ts";
import { answerOf } from "./answer-keys.ts";
import { print } from "./command.ts";
import type { Keys } from "./keyboard.ts";
import { choicesOf, keysLine, questionLines } from "./question-text.ts";
import { styled } from "./text.ts";

/** One item that is to be labelled. */
export interface Ask {
  /** Without suggestion and trail, so that nothing leads the answer. */
  readonly shown: WaitingQuestion;
  /** An audit or a uniform draw. */
  readonly isUniform: boolean;
  /** Puts the label on record. `false`: somebody was first. */
  file(value: Json): Promise<boolean>;
}

export interface Labelled {
  readonly filed: number;
  /** Those of them that are audits or uniform draws. */
  readonly uniform: number;
  readonly skipped: number;
}

const backspace = "\x7f";

/**
 * Until all were asked, or somebody quits. An answer is filed with the next one, so that the last can be taken back;
 * what was not filed when the process dies is asked again.
 */
export async function labelInTerminal(asks: readonly Ask[], keyboard: Keys): Promise<Labelled> {
  let [filed, uniform, skipped] = [0, 0, 0];
  let last: { readonly index: number; readonly value: Json } | null = null;
  const file = async (): Promise<void> => {
    if (!last) return;
    const { index, value } = last;
    last = null;
    const ask = asks[index]!;
    if (await ask.file(value)) {
      filed++;
      if (ask.isUniform) uniform++;
    } else print(styled("yellow", "somebody labelled this before; the first answer counts"));
  };
  for (let index = 0; index < asks.length; ) {
    const pending: boolean = last !== null;
    const { shown } = asks[index]!;
    const atRandom = uniform + (last && asks[last.index]!.isUniform ? 1 : 0);
    const place = `${index + 1} of ${asks.length} · ${atRandom} at random`;
    const said = await askOne(shown, place, keyboard, pending);
    if (said === "quit") break;
    if (said === "undo") {
      index = last!.index;
      last = null;
      continue;
    }
    await file();
    if (said === "skip") skipped++;
    else last = { index, value: said.value };
    index++;
  }
  await file();
  return { filed, uniform, skipped };
}

type Said = { readonly value: Json } | "skip" | "quit" | "undo";

async function askOne(shown: WaitingQuestion, place: string, keyboard: Keys, canUndo: boolean): Promise<Said> {
  const choices = choicesOf(shown);
  const undoKey = choices.some(({ key }) => key === "u") ? backspace : "u";
  const undo = canUndo ? ` · ${undoKey === "u" ? "u" : "Backspace"} take the last one back` : "";
  const show = (all: boolean): void => {
    for (const line of questionLines(shown, place, process.stdout.rows ?? 24, all)) print(line);
    print(styled("dim", `${keysLine(shown)}${undo} · ? all of it`));
  };
  show(false);
  for (;;) {
    const key = await keyboard.key();
    if (key === null || key === "q") return "quit";
    if (key === "s") return "skip";
    if (canUndo && (key === undoKey || key === backspace)) return "undo";
    if (key === "?" || key === "v") show(true);
    else {
      const answer = await answerOf(shown, key, keyboard);
      if (answer !== null) return answer;
    }
  }
}
