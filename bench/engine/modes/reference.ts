// What the engine's numbers are held against: every choice read alone, to where no other begins the same, with an own softmax over the whole vocabulary.
import type { ControlledEvaluateInputItem, LlamaContextSequence, Token } from "node-llama-cpp";
import { commonLength } from "../../../src/engine/choice-paths.ts";
import { type Library, type OpenMode, perQuestion } from "./mode.ts";
import { PromptSequence } from "./prompt-sequence.ts";

/** In the engine's shape: the prefix in passes of its own, then the item in one. */
export const reference: OpenMode = (library) => openReference(library, "same");

/** The item's pass begun some tokens earlier, in the prefix's end. */
export const referenceLonger: OpenMode = (library) => openReference(library, "longer");

/** Prefix and item in one pass, from an empty state. */
export const referenceAtOnce: OpenMode = (library) => openReference(library, "at once");

type Shape = "same" | "longer" | "at once";

/** How much earlier: no multiple of any kernel's tile. */
const EARLIER = 11;

async function openReference(library: Library, shape: Shape): ReturnType<OpenMode> {
  const context = await library.tunedContext(4);
  const sequenceOf = perQuestion((question) => new PromptSequence(library, context, question));
  return async (question, item) => {
    const kept = sequenceOf(question);
    const { sequence, tokens } = kept;
    const prompt = kept.prompt(item);
    const [first] = await distributions(sequence, await begin(kept, item, shape), 1);
    const logp: number[] = [];
    for (const whole of tokens.paths) {
      const { path, next } = toldApart(whole, tokens.paths);
      // Its last token's own successors matter only where a longer choice goes on from here.
      const read = next.length > 0 ? path : path.slice(0, -1);
      await sequence.adaptStateToTokens(prompt as Token[], false);
      const below = read.length === 0 ? [] : await distributions(sequence, read, read.length);
      const seen = [first!, ...below];
      const along = path.reduce((sum, token, depth) => sum + seen[depth]!(token), 0);
      const goesOn = next.reduce((sum, token) => sum + Math.exp(seen[path.length]!(token)), 0);
      logp.push(along + Math.log(Math.max(1 - goesOn, 1e-9)));
    }
    const best = logp.indexOf(Math.max(...logp));
    return { answer: Object.keys(question.options)[best]!, generated: 0, logp };
  };
}

/** Brings the state to where the last pass begins, and gives the tokens of that pass. */
async function begin(kept: PromptSequence, item: string, shape: Shape): Promise<readonly number[]> {
  const rest = await kept.before(item);
  if (shape === "same") return rest;
  const prompt = kept.prompt(item);
  const start = shape === "at once" ? 0 : prompt.length - rest.length - EARLIER;
  await kept.sequence.adaptStateToTokens(prompt.slice(0, start) as Token[], false);
  return prompt.slice(start);
}

/** A choice's tokens as far as another begins the same, and one more; `next`: what longer choices go on with at its end. */
function toldApart(path: readonly number[], all: readonly (readonly number[])[]) {
  const others = all.filter((other) => other !== path);
  const shared = Math.max(0, ...others.map((other) => commonLength(path, other)));
  const longer = others.filter((other) => commonLength(path, other) === path.length);
  return { path: path.slice(0, shared + 1), next: [...new Set(longer.map((other) => other[path.length]!))] };
}

/** Evaluates the tokens and gives, for each of the last `count` positions, the log-probability of a token. */
async function distributions(
  sequence: LlamaContextSequence,
  tokens: readonly number[],
  count: number,
): Promise<((token: number) => number)[]> {
  const input = tokens.map(
    (token, index): ControlledEvaluateInputItem =>
      index < tokens.length - count
        ? (token as Token)
        : [token as Token, { generateNext: { token: true, logits: true } }],
  );
  const outputs = await sequence.controlledEvaluate(input);
  return outputs.slice(-count).map((output) => {
    const logits = output!.next.logits!;
    const values = [...logits.values()];
    const largest = values.reduce((a, b) => Math.max(a, b));
    const normaliser = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    return (token: number) => logits.get(token as Token)! - normaliser;
  });
}
