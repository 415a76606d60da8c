// As the library's first example goes: a session and a sequence for every item, the answer written as JSON.
import { grammarOf } from "./grammar.ts";
import type { Library, OpenMode } from "./mode.ts";

/** The session finds the model's chat template itself, which costs it a third of a second each time. */
export const naive: OpenMode = (library) => openNaive(library, false);

/** The same with the template resolved once and handed over. */
export const naiveWrapperOnce: OpenMode = (library) => openNaive(library, true);

async function openNaive(library: Library, once: boolean): ReturnType<OpenMode> {
  const { runtime, model } = library;
  const context = await library.context(1);
  const grammar = grammarOf(library);
  const wrapper = once ? { chatWrapper: runtime.resolveChatWrapper(model, { warningLogs: false }) } : {};
  return async (question, item) => {
    const { instructions } = question.prefix;
    const rules = await grammar(question);
    const contextSequence = context.getSequence();
    const session = new runtime.LlamaChatSession({ contextSequence, systemPrompt: instructions, ...wrapper });
    try {
      const text = await session.prompt(item, { grammar: rules });
      return { answer: rules.parse(text).answer, generated: contextSequence.tokenMeter.usedOutputTokens };
    } finally {
      session.dispose();
      contextSequence.dispose();
    }
  };
}
