// node-llama-cpp without Pawl, in a process of its own as Pawl's engine is: "mode, question, item" in, the answer out.

import { messageOf } from "../../src/core/errors.ts";
import { loadModel } from "../../src/engine/load.ts";
import { Prompter } from "../../src/engine/prompt.ts";
import type { FromLibrary, ModeName, ToLibrary } from "./library.ts";
import { decide } from "./modes/decide.ts";
import { floor } from "./modes/floor.ts";
import type { Ask, Library, OpenMode } from "./modes/mode.ts";
import { naive, naiveWrapperOnce } from "./modes/naive.ts";
import { plain } from "./modes/plain.ts";
import { reference, referenceAtOnce, referenceLonger } from "./modes/reference.ts";
import { reuse } from "./modes/reuse.ts";
import type { Question } from "./questions.ts";

const modes: { readonly [Name in ModeName]: OpenMode } = {
  naive,
  "naive-wrapper-once": naiveWrapperOnce,
  reuse,
  decide,
  floor,
  plain,
  reference,
  "reference-longer": referenceLonger,
  "reference-at-once": referenceAtOnce,
};

let library: Library | undefined;
const opened = new Map<ModeName, Ask>();
const questions = new Map<string, Question>();

async function handle(message: ToLibrary): Promise<unknown> {
  switch (message.call) {
    case "open":
      library = await openLibrary(message);
      return null;
    case "prepare":
      questions.set(message.question.name, message.question);
      return null;
    case "ask": {
      const ask = opened.get(message.mode) ?? (await modes[message.mode](library!));
      opened.set(message.mode, ask);
      return await ask(questions.get(message.question)!, message.item);
    }
  }
}

async function openLibrary({ path, threads, tuning }: Extract<ToLibrary, { call: "open" }>): Promise<Library> {
  const loaded = await loadModel(path, threads, false);
  const contextSize = Math.min(2048, loaded.model.trainContextSize);
  const common = { contextSize, batchSize: Math.min(contextSize, 512), threads: { ideal: threads, min: threads } };
  const { flashAttention } = tuning;
  return {
    ...loaded,
    threads,
    tuning,
    prompter: new Prompter(loaded.runtime, loaded.model),
    context: (sequences) => loaded.model.createContext({ ...common, sequences }),
    tunedContext: (sequences) =>
      loaded.model.createContext({ ...common, sequences, flashAttention, swaFullCache: true }),
  };
}

process.on("message", async (message: ToLibrary) => {
  const reply = (answer: FromLibrary): void => void process.send!(answer);
  try {
    reply({ id: message.id, value: await handle(message) });
  } catch (thrown) {
    reply({ id: message.id, error: messageOf(thrown) });
  }
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
