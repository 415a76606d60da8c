// The plain form that the stated count is held against: the options and 512 logits read behind a cached prefix, by hand.
import type { ControlledEvaluateInputItem, Token } from "node-llama-cpp";
import { sketchTokens, vocabularySize } from "../../../src/engine/vocabulary.ts";
import { type OpenMode, perQuestion } from "./mode.ts";
import { PromptSequence } from "./prompt-sequence.ts";

export const plain: OpenMode = async (library) => {
  const context = await library.tunedContext(1);
  const sketch = sketchTokens(vocabularySize(library.model));
  const prepared = perQuestion((question) => {
    const kept = new PromptSequence(library, context, question);
    const first = kept.tokens.paths.map(([token]) => token!);
    return { kept, first, wanted: [...new Set([...first, ...sketch])] as Token[] };
  });
  return async (question, item) => {
    const { kept, first, wanted } = prepared(question);
    const input: ControlledEvaluateInputItem[] = await kept.before(item);
    const filter = { tokens: wanted, includeSelected: true };
    const last = input.pop() as Token;
    input.push([last, { generateNext: { token: true, totalLogitWeight: true, logits: { filter } } }]);
    const { next } = (await kept.sequence.controlledEvaluate(input)).at(-1)!;
    const normaliser = next.logits!.get(next.token!)! + Math.log(next.totalLogitWeight!);
    const logp = first.map((token) => next.logits!.get(token as Token)! - normaliser);
    const best = logp.indexOf(Math.max(...logp));
    return { answer: Object.keys(question.options)[best]!, generated: 0, logp };
  };
};
