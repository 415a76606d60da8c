// What the kernels need at least: the tokens of the engine's own pass evaluated behind the cached prefix, nothing read.
import { type OpenMode, perQuestion } from "./mode.ts";
import { PromptSequence } from "./prompt-sequence.ts";

export const floor: OpenMode = async (library) => {
  const context = await library.tunedContext(4);
  const sequenceOf = perQuestion((question) => new PromptSequence(library, context, question));
  return async (question, item) => {
    const kept = sequenceOf(question);
    await kept.sequence.evaluateWithoutGeneratingNewTokens(await kept.before(item));
    return { answer: null, generated: 0 };
  };
};
