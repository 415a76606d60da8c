// The JSON that the library is asked to write: one field, one of the options. Compiled once a question.
import { type Library, perQuestion } from "./mode.ts";

export function grammarOf({ llama }: Library) {
  return perQuestion(({ options }) =>
    llama.createGrammarForJsonSchema({
      type: "object",
      properties: { answer: { enum: Object.keys(options) } },
    } as const),
  );
}
