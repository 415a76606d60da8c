/** From a key that a person pressed to an answer that fits its question, through an edited line where one is needed. */

import { messageOf } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { namesOf } from "../core/question.ts";
import { checkAnswer, readAnswer, skeleton } from "../review/answer.ts";
import type { WaitingQuestion } from "../review/waiting.ts";
import { print } from "./command.ts";
import type { Keys } from "./keyboard.ts";
import { choicesOf, suggestedArgs } from "./question-text.ts";
import { cleanLine, styled } from "./text.ts";

export interface Answer {
  readonly value: Json;
}

/** The answer that a key stands for; `null` where it stands for none, or its line was given up. */
export async function answerOf(waiting: WaitingQuestion, key: string, keyboard: Keys): Promise<Answer | null> {
  const { question, suggestion } = waiting;
  if (key === "\r" || key === "\n") {
    if (suggestion) return checked(waiting, suggestion.value);
    print(styled("dim", "there is no suggestion to take"));
    return null;
  }
  if (key === "e") return edited(waiting, keyboard);
  const choice = choicesOf(waiting).find((one) => one.key === key);
  if (!choice) return null;
  const tool = question.tools.find((offered) => offered.name === choice.name);
  if (question.verb !== "pick") return { value: choice.name };
  if (!tool) return { value: choice.name === question.otherwise ? choice.name : { tool: choice.name, args: {} } };
  const hasArguments = Object.keys((tool.input.properties ?? {}) as object).length > 0;
  if (!hasArguments) return { value: { tool: tool.name, args: {} } };
  const start = suggestedArgs(waiting, tool.name) ?? skeleton(tool.input);
  return line(keyboard, `${tool.name} `, JSON.stringify(start), (text) =>
    checkAnswer(question, { tool: tool.name, args: readJson(text) }),
  );
}

function edited(waiting: WaitingQuestion, keyboard: Keys): Promise<Answer | null> {
  const { question, suggestion } = waiting;
  switch (question.verb) {
    case "extract": {
      const start = suggestion?.value ?? skeleton(question.fields ?? {});
      return line(keyboard, "fields: ", JSON.stringify(start), (text) => readAnswer(question, text));
    }
    case "pick":
      return line(keyboard, "call: ", JSON.stringify(suggestion?.value ?? { tool: "", args: {} }), (text) =>
        readAnswer(question, text),
      );
    case "write": {
      const start = typeof suggestion?.value === "string" ? suggestion.value : "";
      return line(keyboard, "text: ", start, (text) => readAnswer(question, text));
    }
    case "choose":
    case "judge":
    case "score":
      return line(
        keyboard,
        "name: ",
        "",
        (text) => readAnswer(question, completed(namesOf(question), text)),
        "gives up",
      );
  }
}

function checked({ question }: WaitingQuestion, value: Json): Answer | null {
  try {
    return { value: checkAnswer(question, value) };
  } catch (thrown) {
    print(styled("red", messageOf(thrown)));
    return null;
  }
}

/** Reads a line until it fits or is given up: by Ctrl-C, and by an empty line where that cannot be an answer. */
async function line(
  keyboard: Keys,
  prompt: string,
  start: string,
  read: (text: string) => Json,
  empty: "gives up" | "is asked again" = "is asked again",
): Promise<Answer | null> {
  for (let text: string | null = start; ; ) {
    text = await keyboard.line(cleanLine(prompt), text);
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
