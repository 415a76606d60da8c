/** A model's vocabulary by number: how large it is, and a fixed spread of tokens over it. */

import type { LlamaModel } from "node-llama-cpp";
import { SKETCH_SIZE } from "./engine.ts";

/** How many tokens the model knows. Counted, because the runtime does not say it. */
export function vocabularySize(model: Pick<LlamaModel, "iterateAllTokens">): number {
  let size = 0;
  for (const _ of model.iterateAllTokens()) size++;
  return size;
}

/** The tokens of a sketch: the same for ever for one vocabulary (engine.md 6.2). */
export function sketchTokens(size: number): number[] {
  return Array.from({ length: SKETCH_SIZE }, (_, index) => Math.floor(((index + 0.5) * size) / SKETCH_SIZE));
}
