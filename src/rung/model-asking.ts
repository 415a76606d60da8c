/** One question put to a chat model: weighed, filled or written, and what that cost. */

import type { Basis, Evidence, Reply } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";
import type { Question } from "../core/question.ts";
import type { JsonSchema } from "../core/schema.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import type { ChatEngine, Filled, PrefixId, Score } from "../engine/engine.ts";
import { leastSure } from "./model-confidence.ts";
import type { Priors } from "./model-prior.ts";
import { behind, closedChoices, cueOf, itemOf } from "./model-prompt.ts";
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
}

/** One question being asked; it adds up what that costs. */
export class Asking {
  usage: Usage = noUsage;
  readonly #question: Question;
  readonly #context: DecideContext;
  readonly #with: AskingWith;

  constructor(question: Question, context: DecideContext, using: AskingWith) {
    this.#question = question;
    this.#context = context;
    this.#with = using;
  }

  async answer(prefix: PrefixId): Promise<Reply> {
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
    const filled = await this.#fill(prefix, item, tool.input, behind(cueOf(this.#question), tool.name));
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
    const { maxTokens, otherwise } = this.#question;
    const written = await this.#with.engine.write({ prefix, item, maxTokens, signal: this.#context.signal });
    this.#spent(written.newTokens, written.outputTokens, written.milliseconds);
    if (written.text.trim() === "") return this.#escalated("the model wrote nothing");
    if (otherwise !== null && written.text.trim() === otherwise)
      return this.#escalated(`the model chose the way out: ${otherwise}`);
    if (written.truncated) return this.#escalated(`the text did not end within ${maxTokens} tokens`);
    return this.#answered(written.text, written.confidence, {});
  }

  /** Scores the choices, takes their prior off, and says which is best and how sure that is. */
  async #weigh(prefix: PrefixId): Promise<Chosen> {
    const names = closedChoices(this.#question);
    const pieces = await this.#pieces(prefix);
    const scores: Score[] = [];
    for (const item of pieces) {
      const score = await this.#with.engine.score({ prefix, item, signal: this.#context.signal });
      this.#spent(score.newTokens, 0, score.milliseconds);
      scores.push(score);
    }
    const logp = names.map((_, index) => mean(scores.map((score) => score.logp[index] ?? Number.NaN)));
    // A repair is another prompt, and one that says that something was wrong: it teaches no prior.
    const priors = this.#context.repair ? null : this.#with.priors;
    const prior = priors?.learn(`prior/${this.#with.engine.model.digest}/${prefix}`, this.#question.about, logp);
    const off = prior?.mean;
    const corrected = logp.map((value, index) => {
      if (!off) return value;
      const seldom = names[index] === this.#question.otherwise ? Math.log(WAY_OUT_SHARE) : 0;
      return value - (off[index] ?? 0) + seldom;
    });
    const best = corrected.reduce((top, value, index) => (value > corrected[top]! ? index : top), 0);
    const total = corrected.reduce((sum, value) => sum + Math.exp(value - corrected[best]!), 0);
    const rest = corrected.filter((_, index) => index !== best);
    const evidence: Evidence = {
      ...(Number.isFinite(total)
        ? { options: names.map((name, index) => ({ name, p: Math.exp(corrected[index]! - corrected[best]!) / total })) }
        : {}),
      mass: mean(scores.map((score) => score.mass)),
      ...(rest.length > 0 ? { margin: corrected[best]! - Math.max(...rest) } : {}),
      ...(logp.every(Number.isFinite) ? { logp } : {}),
      prior: { items: prior?.items ?? 0, corrected: Boolean(off) },
      ...(pieces.length > 1 ? { pieces: pieces.length } : {}),
    };
    const p = 1 / total;
    // Not a number stays not a number, so that the gate sends it up.
    return { name: names[best]!, p: Number.isFinite(p) ? p : null, evidence, basis: scores[0]?.basis ?? "raw" };
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
