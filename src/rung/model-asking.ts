/** One question put to a chat model: weighed, filled or written, and what that cost. */

import type { Basis, Evidence, Reply } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";
import type { Option, Question } from "../core/question.ts";
import type { JsonSchema } from "../core/schema.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import type { ChatEngine, Filled, PrefixId, Score } from "../engine/engine.ts";
import { vectorToText } from "../vectors/packed.ts";
import type { StepExamples } from "./examples.ts";
import { type Codes, LETTERS } from "./model-codes.ts";
import { leastSure } from "./model-confidence.ts";
import type { Prior, Priors } from "./model-prior.ts";
import { behind, closedChoices, cueOf, itemOf, type Offer, prefixOf, shownAs } from "./model-prompt.ts";
import type { DecideContext } from "./rung.ts";

/** How often the way out is the right answer, beside each option's once: the prior says nothing of an answer that is seldom true. */
const WAY_OUT_SHARE = 0.25;
export interface AskingWith {
  readonly rung: string;
  readonly engine: ChatEngine;
  /** `null` where priors are switched off. */
  readonly priors: Priors | null;
  /** Most tokens of an extraction or of a tool's arguments. */
  readonly maxTokens: number;
  /** Lead of the best option, in nats, below which the options are read in the opposite order too; 0 never. */
  readonly orderMargin: number;
  /** Knows whether the model follows letters; `null` where it is not to be asked by them. */
  readonly codes: Codes | null;
  /** What the model is shown before an item; `null` for nothing. */
  readonly examples: StepExamples | null;
  /** Whether the sketch is read and kept. */
  readonly sketch: boolean;
}

/** One question being asked; it adds up what that costs. */
export class Asking {
  usage: Usage = noUsage;
  #byLetter = false;
  /** What stands before the item. */
  #shown: readonly string[] = [];
  readonly #question: Question;
  readonly #context: DecideContext;
  readonly #with: AskingWith;

  constructor(question: Question, context: DecideContext, using: AskingWith) {
    this.#question = question;
    this.#context = context;
    this.#with = using;
  }

  async answer(): Promise<Reply> {
    const { engine, codes } = this.#with;
    await this.#show();
    this.#byLetter = this.#shown.length === 0 && ((await codes?.fit(this.#question)) ?? false);
    const prefix = await engine.prepare(prefixOf(this.#question, this.#offer()));
    switch (this.#question.verb) {
      case "choose":
      case "judge":
      case "score":
        return await this.#choose(prefix);
      case "pick":
        return await this.#pick(prefix);
      case "extract":
        return await this.#extract(prefix);
      case "write":
        return await this.#write(prefix);
    }
  }

  /** Looks up the examples nearest to the item. Their answers are names, so they are of no use to letters. */
  async #show(): Promise<void> {
    const { name, about, verb } = this.#question;
    const names = closedChoices(this.#question);
    if (!this.#with.examples || verb === "pick" || names.length === 0) return;
    const found = await this.#with.examples.before(name, about, this.#context.signal);
    this.#shown = found.filter(({ answer }) => names.includes(answer)).map((each) => shownAs(this.#question, each));
  }

  #offer(options: readonly Option[] = this.#question.options): Offer {
    return { options, byLetter: this.#byLetter };
  }

  /** What stands between the cue and a tool's arguments. */
  #leadOf(tool: string): string {
    if (!this.#byLetter) return behind(cueOf(this.#question), tool);
    return ` ${LETTERS[closedChoices(this.#question).indexOf(tool)]}, ${tool}:`;
  }

  async #choose(prefix: PrefixId): Promise<Reply> {
    const chosen = await this.#weigh(prefix);
    if (chosen.name === this.#question.otherwise) return this.#out(chosen);
    return this.#answered(chosen.name, chosen.p, chosen.evidence, chosen.basis);
  }

  /**
   * The tool first, then its arguments behind it. The confidence is the tool's probability times that of the least
   * sure argument that bears a decision: their product would be too pessimistic, because they hang together.
   */
  async #pick(prefix: PrefixId): Promise<Reply> {
    const chosen = await this.#weigh(prefix);
    if (chosen.name === this.#question.otherwise) return this.#out(chosen);
    const tool = this.#question.tools.find((offered) => offered.name === chosen.name);
    // The answer that ends a loop is an option without a tool behind it.
    if (!tool) return this.#answered({ tool: chosen.name, args: {} }, chosen.p, chosen.evidence, chosen.basis);
    const item = await this.#onePiece(prefix);
    const filled = await this.#fill(prefix, item, tool.input, this.#leadOf(tool.name));
    const least = leastSure(filled.value, filled.fields);
    const confidence = least === null || chosen.p === null ? null : chosen.p * (least ?? 1);
    const evidence = { ...chosen.evidence, fields: filled.fields, ...cutNote(filled.truncated) };
    return this.#answered({ tool: tool.name, args: filled.value }, confidence, evidence, chosen.basis);
  }

  async #extract(prefix: PrefixId): Promise<Reply> {
    const item = await this.#onePiece(prefix);
    const filled = await this.#fill(prefix, item, this.#question.fields ?? {}, "");
    // Where no field bears a decision there is nothing to be sure of.
    const confidence = leastSure(filled.value, filled.fields) ?? null;
    return this.#answered(filled.value, confidence, { fields: filled.fields, ...cutNote(filled.truncated) });
  }

  async #write(prefix: PrefixId): Promise<Reply> {
    const item = await this.#onePiece(prefix);
    const { maxTokens, otherwise, stop, onText } = this.#question;
    const { signal } = this.#context;
    const streamed = onText ? { onText } : {};
    const written = await this.#with.engine.write({ prefix, item, maxTokens, stop, signal, ...streamed });
    this.#spent(written.newTokens, written.outputTokens, written.milliseconds);
    if (written.text.trim() === "") return this.#escalated("the model wrote nothing");
    if (otherwise !== null && written.text.trim() === otherwise)
      return this.#escalated(`the model chose the way out: ${otherwise}`);
    if (written.truncated) return this.#escalated(`the text did not end within ${maxTokens} tokens`);
    return this.#answered(written.text, written.confidence, {});
  }

  /** Reads the choices, in both orders where that is asked for, and says which is best and how sure that is. */
  async #weigh(prefix: PrefixId): Promise<Chosen> {
    const names = closedChoices(this.#question);
    const pieces = await this.#pieces(prefix);
    const reads = await this.#reads(prefix, pieces);
    const [read, other] = reads as [Read, Read?];
    // Both orders or neither: what a prior was taken off is not to be compared with what it was not.
    const isCorrected = reads.every(({ prior }) => prior?.mean);
    const correctedOf = ({ logp, prior }: Read) =>
      isCorrected && prior?.mean ? this.#without(prior.mean, logp) : logp;
    const each = reads.map(correctedOf);
    const corrected = names.map((_, index) => mean(each.map((values) => values[index]!)));
    const exact = names.map((_, index) => reads.every((one) => one.exact[index]));
    // A bound is no answer, however high.
    const best = indexOfBest(corrected.map((value, index) => (exact[index] ? value : Number.NEGATIVE_INFINITY)));
    const weights = corrected.map((value) => Math.exp(value - corrected[best]!));
    const known = weights.reduce((sum, weight, index) => sum + (exact[index] ? weight : 0), 0);
    const unread = Math.max(...reads.map((one) => one.unread)) * Math.exp(-corrected[best]!);
    const total = known > 0 ? known + unread : Number.NaN;
    const hidden = exact.filter((one) => !one).length;
    const options = names.map((name, index) =>
      exact[index]
        ? { name, p: weights[index]! / total }
        : { name, p: unread / hidden / total, atMost: Math.min(1, weights[index]! / known) },
    );
    const evidence: Evidence = {
      ...(Number.isFinite(total) ? { options, entropy: entropyOf(options) } : {}),
      ...(hidden > 0 && known > 0 ? { interval: [1 / total, 1 / known] as const } : {}),
      mass: read.mass,
      ...(names.length > 1 ? { margin: marginOf(corrected) } : {}),
      ...(read.logp.every(Number.isFinite) ? { logp: read.logp } : {}),
      prior: {
        items: read.prior?.items ?? 0,
        corrected: Boolean(isCorrected),
        ...(read.prior?.drift == null ? {} : { drift: read.prior.drift }),
      },
      ...(other ? { order: { flipped: indexOfBest(each[0]!) !== indexOfBest(each[1]!) } } : {}),
      ...(read.sketch ? { sketch: vectorToText(read.sketch) } : {}),
      shape: read.shape,
      ...(this.#byLetter ? { byLetter: true as const } : {}),
      ...(this.#shown.length > 0 ? { examples: this.#shown.length } : {}),
      ...(pieces.length > 1 ? { pieces: pieces.length } : {}),
    };
    const p = 1 / total;
    // Not a number stays not a number, so that the gate sends it up.
    return { name: names[best]!, p: Number.isFinite(p) ? p : null, evidence, basis: read.basis };
  }

  /**
   * The choices as they are offered, and in the opposite order where the best is not far enough ahead. While the prior
   * of either is being learned or checked on both are read: only so is it a prior over all items, and not the close ones.
   */
  async #reads(prefix: PrefixId, pieces: readonly string[]): Promise<readonly Read[]> {
    const { orderMargin } = this.#with;
    const read = await this.#read(prefix, pieces, orderMargin > 0);
    if (orderMargin <= 0) return [read];
    const turned = this.#question.options.toReversed();
    const opposite = await this.#with.engine.prepare(prefixOf(this.#question, this.#offer(turned)));
    const values = read.prior?.mean ? this.#without(read.prior.mean, read.logp) : read.logp;
    const isLearning = read.isLearning || (this.#priorBefore(opposite)?.every ?? false);
    return isLearning || marginOf(values) < orderMargin
      ? [read, await this.#readTurned(opposite, turned, pieces)]
      : [read];
  }

  /** The same question with its options the other way round; what comes back is in the question's own order. */
  async #readTurned(prefix: PrefixId, turned: readonly Option[], pieces: readonly string[]): Promise<Read> {
    const read = await this.#read(prefix, pieces, true);
    const places = closedChoices(this.#question).map((name) => closedChoices(this.#question, turned).indexOf(name));
    const back = <T>(values: readonly T[]): T[] => places.map((place) => values[place]!);
    const prior = read.prior && { ...read.prior, mean: read.prior.mean && back(read.prior.mean) };
    return { ...read, logp: back(read.logp), exact: back(read.exact), prior };
  }

  #priorKey(prefix: PrefixId): string {
    // What is shown before the items makes another prompt of the same prefix.
    return `prior/${this.#with.engine.model.digest}/${prefix}${this.#with.examples ? "/examples" : ""}`;
  }

  #priorBefore(prefix: PrefixId): ReturnType<Priors["before"]> | undefined {
    const choices = closedChoices(this.#question).length;
    return this.#with.priors?.before(this.#priorKey(prefix), this.#question.about, choices);
  }

  /** Log-probabilities with the prior taken off, and the way out as seldom as it is. */
  #without(prior: readonly number[], logp: readonly number[]): readonly number[] {
    return closedChoices(this.#question).map((name, index) => {
      const seldom = name === this.#question.otherwise ? Math.log(WAY_OUT_SHARE) : 0;
      return logp[index]! - prior[index]! + seldom;
    });
  }

  /**
   * Scores the choices of a prompt. Choices that cannot win are not read to their end, unless their numbers are needed:
   * to learn the prior or to check on it, or to be averaged with others.
   */
  async #read(prefix: PrefixId, pieces: readonly string[], averaged: boolean): Promise<Read> {
    const names = closedChoices(this.#question);
    const { engine, sketch } = this.#with;
    const before = this.#priorBefore(prefix);
    // A repair is another prompt, and one that says that something was wrong: it teaches no prior.
    const isLearning = !this.#context.repair && (before?.every ?? false);
    const prior = before?.prior.mean;
    const bias = prior ? this.#without(prior, new Array<number>(names.length).fill(0)) : undefined;
    const every = averaged || pieces.length > 1 || isLearning;
    const scores: Score[] = [];
    for (const item of pieces) {
      const { signal } = this.#context;
      const score = await engine.score({ prefix, item, every, sketch, signal, bias });
      this.#spent(score.newTokens, 0, score.milliseconds);
      scores.push(score);
    }
    const logp = names.map((_, index) => mean(scores.map((score) => score.logp[index] ?? Number.NaN)));
    const exact = names.map((_, index) => scores.every((score) => score.exact[index]));
    const learns = isLearning && exact.every(Boolean);
    const [first] = scores;
    return {
      logp,
      exact,
      unread: Math.max(...scores.map((score) => score.unread)),
      mass: mean(scores.map((score) => score.mass)),
      isLearning,
      prior: learns ? this.#with.priors?.learn(this.#priorKey(prefix), this.#question.about, logp) : before?.prior,
      // Of several pieces the first one's: a mean of sketches would be the sketch of no text.
      sketch: first?.sketch,
      shape: first?.shape ?? "",
      basis: first?.basis ?? "raw",
    };
  }

  async #fill(prefix: PrefixId, item: string, fields: JsonSchema, lead: string): Promise<Filled> {
    const { maxTokens } = this.#with;
    const filled = await this.#with.engine.fill({
      prefix,
      item,
      fields,
      lead,
      maxTokens,
      signal: this.#context.signal,
    });
    this.#spent(filled.newTokens, filled.outputTokens, filled.milliseconds);
    return filled;
  }

  /** The item as it is, or cut by the author's rule where it does not fit; without a rule the engine refuses it. */
  async #pieces(prefix: PrefixId): Promise<readonly string[]> {
    const { about, split } = this.#question;
    const whole = itemOf(about, this.#context.repair);
    if (this.#shown.length > 0) {
      const item = [...this.#shown, whole].join("\n\n");
      const { tokens, limit } = await this.#with.engine.measure(prefix, item);
      if (tokens <= limit) return [item];
      // Better without examples than not at all.
      this.#shown = [];
    }
    if (!split) return [whole];
    const { tokens, limit } = await this.#with.engine.measure(prefix, whole);
    if (tokens <= limit) return [whole];
    const pieces = split(about, limit);
    return pieces.length === 0 ? [whole] : pieces.map((piece) => itemOf(piece, this.#context.repair));
  }

  /** What is written is written from one text: several pieces would each give their own. */
  async #onePiece(prefix: PrefixId): Promise<string> {
    const pieces = await this.#pieces(prefix);
    if (pieces.length === 1) return pieces[0]!;
    const message = `the item is too long, and its split gave ${pieces.length} pieces: what is written is written from one`;
    throw new ModelError("E_TOO_LONG", message);
  }

  #spent(inputTokens: number, outputTokens: number, milliseconds: number): void {
    this.usage = addUsage(this.usage, { inputTokens, outputTokens, milliseconds, cost: 0 });
  }

  #out(chosen: Chosen): Reply {
    return this.#escalated(`the model chose the way out: ${chosen.name}`, chosen.evidence);
  }

  #escalated(reason: string, evidence?: Evidence): Reply {
    return {
      kind: "escalated",
      reason: `${this.#with.rung}: ${reason}`,
      ...(evidence ? { evidence } : {}),
      usage: this.usage,
    };
  }

  #answered(value: unknown, confidence: number | null, evidence: Evidence, basis: Basis = "raw"): Reply {
    return { kind: "answered", value, confidence, basis, evidence, usage: this.usage };
  }
}

/** The choices of one prompt, in the question's order. Logarithms are natural. */
interface Read {
  readonly logp: readonly number[];
  readonly exact: readonly boolean[];
  /** The most that the choices which are not exact weigh together, prior taken off. */
  readonly unread: number;
  readonly mass: number;
  /** The prior is being learned or checked on with this item. */
  readonly isLearning: boolean;
  readonly prior: Prior | undefined;
  readonly sketch: Float32Array | undefined;
  readonly shape: string;
  readonly basis: Score["basis"];
}

interface Chosen {
  readonly name: string;
  readonly p: number | null;
  readonly evidence: Evidence;
  readonly basis: Score["basis"];
}

function cutNote(truncated: readonly string[]): { note?: string } {
  return truncated.length === 0 ? {} : { note: `cut short by the token limit: ${truncated.join(", ")}` };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function indexOfBest(values: readonly number[]): number {
  return values.reduce((top, value, index) => (value > values[top]! ? index : top), 0);
}

/** By how much the best is ahead of the next. */
function marginOf(values: readonly number[]): number {
  const best = indexOfBest(values);
  return values[best]! - Math.max(...values.filter((_, index) => index !== best));
}

function entropyOf(options: readonly { readonly p: number }[]): number {
  return options.reduce((sum, { p }) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
}
