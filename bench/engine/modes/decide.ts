// The library's own decision context. It puts the document first and the question after, so items share no prefix.
import type { OpenMode } from "./mode.ts";

export const decide: OpenMode = async ({ model, threads }) => {
  const context = await model.createDecisionContext({
    contextSize: 2048,
    batchSize: 512,
    parallelQuestions: 1,
    threads,
  });
  return async ({ name, options, prefix }, item) => {
    const instruction = prefix.instructions;
    if (name === "yes or no") {
      const { answers, tokenUsage } = await context.decideWithMeta(item, { asked: { type: "noul", instruction } });
      return { answer: answers.asked.value > 0.5 ? "yes" : "no", generated: tokenUsage.output };
    }
    const criteria = Object.fromEntries(Object.keys(options).map((option) => [option, null]));
    const questions = { asked: { type: "choice", instruction, criteria } } as const;
    const { answers, tokenUsage } = await context.decideWithMeta(item, questions);
    return { answer: String(answers.asked.choice), generated: tokenUsage.output };
  };
};
