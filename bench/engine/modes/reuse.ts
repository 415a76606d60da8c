// What a careful user of the library writes: one session a question, its history reset, so that the prefix stays evaluated.
import { grammarOf } from "./grammar.ts";
import { type OpenMode, perQuestion } from "./mode.ts";

export const reuse: OpenMode = async (library) => {
  const { runtime, model } = library;
  const context = await library.context(4);
  const chatWrapper = runtime.resolveChatWrapper(model, { warningLogs: false });
  const grammar = grammarOf(library);
  const opened = perQuestion(({ prefix }) => {
    const contextSequence = context.getSequence();
    const systemPrompt = prefix.instructions;
    return {
      contextSequence,
      session: new runtime.LlamaChatSession({ contextSequence, systemPrompt, chatWrapper }),
    };
  });
  return async (question, item) => {
    const rules = await grammar(question);
    const { session, contextSequence } = opened(question);
    const before = contextSequence.tokenMeter.getState();
    session.resetChatHistory();
    const text = await session.prompt(item, { grammar: rules });
    return {
      answer: rules.parse(text).answer,
      generated: contextSequence.tokenMeter.diff(before).usedOutputTokens,
    };
  };
};
