// node-llama-cpp used plainly, in a process of its own and with nothing of Pawl's but the search for the library.
import type { LlamaEmbeddingContext, LlamaModel } from "node-llama-cpp";
import { loadRuntime } from "../../src/engine/runtime.ts";

/** What the bench asks; each is answered with one message. */
export type ToPlain =
  | { readonly open: string }
  /** How many tokens each text has with its frame. */
  | { readonly measure: readonly string[] }
  /** Read them all, one after the other. */
  | { readonly embed: readonly string[] };

let model: LlamaModel;
let context: LlamaEmbeddingContext;

async function answer(message: ToPlain): Promise<unknown> {
  if ("open" in message) {
    const { getLlama } = await loadRuntime();
    // One thread, as each of Pawl's processes has; its own default would have four on two cores.
    const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1 });
    model = await llama.loadModel({ modelPath: message.open });
    context = await model.createEmbeddingContext({ threads: 1 });
    return null;
  }
  if ("measure" in message) return message.measure.map((text) => model.tokenize(text).length + 2);
  let numbers = 0;
  for (const text of message.embed) numbers += (await context.getEmbeddingFor(text)).vector.length;
  return numbers;
}

process.on("message", async (message: ToPlain) => {
  const value = await answer(message);
  process.send!(value);
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
