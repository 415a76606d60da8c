/**
 * Two seconds that find out how a model's passes are fastest on this machine, and whether its numbers are raw.
 * Runs in the engine's process, once for each model and machine: what it finds is kept.
 */

import type { LlamaContextSequence, Token } from "node-llama-cpp";
import type { Loaded } from "./load.ts";
import type { Pass } from "./pass.ts";
import { Slot } from "./slot.ts";
import type { Tuning } from "./tuning.ts";
import { vocabularySize } from "./vocabulary.ts";

/** Gain that a choice must show before the plainer way is left: below it lies the noise of a shared machine. */
const WORTH = 0.95;
/** Rows of an ordinary item, of one just below 64 rows, where flash attention's kernels are slow, and of one above. */
const [ITEM_ROWS, BELOW_CLIFF, ABOVE_CLIFF] = [24, 56, 72];

/** `milliseconds` bounds what is measured, not what creating contexts takes; what is not reached keeps its default. */
export async function probe(
  { llama, model }: Pick<Loaded, "llama" | "model">,
  threads: number,
  milliseconds = 2000,
): Promise<Tuning> {
  const ends = performance.now() + milliseconds;
  const measured: { [what: string]: number } = {};
  const vocabulary = vocabularySize(model);
  // Which tokens they are does not matter to the kernels.
  const tokens = Array.from({ length: 512 }, (_, index) => (7919 * (index + 1)) % vocabulary);

  /** A context of the given layout, with a prefix evaluated in a tenth of the time and measured passes behind it. */
  const inContext = async <T>(
    flashAttention: boolean,
    useThreads: number,
    work: (time: (rows: number) => Promise<number>, sequence: LlamaContextSequence) => Promise<T>,
  ): Promise<T> => {
    const context = await model.createContext({
      contextSize: Math.min(model.trainContextSize, 512),
      batchSize: Math.min(model.trainContextSize, 512),
      flashAttention,
      threads: { ideal: useThreads, min: useThreads },
      swaFullCache: true,
    });
    try {
      const sequence = context.getSequence();
      const evaluate = async (from: number, rows: number): Promise<number> => {
        const started = performance.now();
        await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(from, from + rows) as Token[]);
        return performance.now() - started;
      };
      await evaluate(0, 8);
      const each = (await evaluate(8, 8)) / 8;
      const depth = Math.max(16, Math.min(256, Math.floor(milliseconds / 10 / each)));
      await evaluate(16, depth - 16);
      const time = async (rows: number): Promise<number> => {
        let best = Number.POSITIVE_INFINITY;
        // Where a pass is slow the second round is worth less than another layout tried.
        for (let round = 0; round < 2 && (round === 0 || best < milliseconds / 40); round++) {
          await sequence.adaptStateToTokens(tokens.slice(0, depth) as Token[], false);
          best = Math.min(best, await evaluate(depth, rows));
        }
        const name = `${rows} tokens at ${depth}, ${useThreads} threads, flash attention ${flashAttention ? "on" : "off"}`;
        measured[name] = Math.round(best * 10) / 10;
        return best;
      };
      return await work(time, sequence);
    } finally {
      await context.dispose();
    }
  };
  const timeLeft = () => performance.now() < ends;

  const timesOf = async (time: (rows: number) => Promise<number>) => ({
    item: await time(ITEM_ROWS),
    above: timeLeft() ? await time(ABOVE_CLIFF) : null,
    below: timeLeft() ? await time(BELOW_CLIFF) : null,
  });
  const { raw, ...off } = await inContext(false, threads, async (time, sequence) => ({
    raw: await isRaw(sequence, tokens),
    ...(await timesOf(time)),
  }));
  // On a graphics card its kernels are the only fast ones, and they have no cliff.
  if (llama.gpu !== false) return { threads, flashAttention: true, raw, measured };
  const narrow = threads > 1 && timeLeft() ? await inContext(false, 1, (time) => time(ITEM_ROWS)) : null;
  const useThreads = narrow !== null && narrow < off.item * WORTH ? 1 : threads;
  const flashAttention =
    timeLeft() &&
    (await inContext(true, useThreads, async (time, sequence) => {
      const on = await timesOf(time);
      const sizes = (["item", "above", "below"] as const).filter((size) => on[size] !== null && off[size] !== null);
      const sum = (times: typeof on) => sizes.reduce((total, size) => total + times[size]!, 0);
      return sum(on) < sum(off) * WORTH && (await isSteady(sequence, tokens));
    }));
  return { threads: useThreads, flashAttention, raw, measured };
}

/** Most that a log-probability may move, in nats, when the same prompt goes through in other pieces. */
const STEADY = 0.1;
/** Of a prompt of this many tokens the last ones are read in two ways. */
const STEADY_TOKENS = 48;

/** On some processors flash attention rounds so much that the same prompt in other pieces gives other numbers. */
async function isSteady(sequence: LlamaContextSequence, tokens: readonly number[]): Promise<boolean> {
  const read = async (from: number): Promise<readonly number[]> => {
    await sequence.adaptStateToTokens([], false);
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, from) as Token[]);
    return await logpBehind(sequence, tokens.slice(0, STEADY_TOKENS), from, tokens.slice(0, 16));
  };
  const [whole, apart] = [await read(1), await read(STEADY_TOKENS - 1)];
  return whole.every((value, index) => Math.abs(value - apart[index]!) <= STEADY);
}

/** Nobody waits for a sign of life from a probe. */
const silent: Pass = { done() {}, wrote() {} };

/** Log-probabilities of `asked` behind `prompt`, whose first `from` tokens are evaluated already, as scoring reads them. */
async function logpBehind(
  sequence: LlamaContextSequence,
  prompt: readonly number[],
  from: number,
  asked: readonly number[],
): Promise<readonly number[]> {
  const wants = [{ at: prompt.length - 1, tokens: asked }];
  const [logp] = await new Slot(sequence).read(prompt, from, wants, silent);
  return logp!;
}

/**
 * Reads one position both ways: every token's logit with its softmax done here, and a few as they are always read.
 * They differ where something (a sampler, a grammar, a temperature) came between.
 */
async function isRaw(sequence: LlamaContextSequence, tokens: readonly number[]): Promise<boolean> {
  const asked = tokens.slice(20, 28);
  await sequence.adaptStateToTokens(tokens.slice(0, 7) as Token[], false);
  const some = await logpBehind(sequence, tokens.slice(0, 8), 7, asked);
  await sequence.adaptStateToTokens(tokens.slice(0, 7) as Token[], false);
  const outputs = await sequence.controlledEvaluate([[tokens[7] as Token, { generateNext: { logits: true } }]]);
  const all = outputs[0]?.next?.logits;
  if (!all) return false;
  const largest = [...all.values()].reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const whole = largest + Math.log([...all.values()].reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return asked.every((token, index) => Math.abs(all.get(token as Token)! - whole - some[index]!) < 1e-3);
}
