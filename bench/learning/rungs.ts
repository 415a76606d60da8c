// Rungs over stored numbers: what the product's rungs would say, without a model.
import { namesOf, type Question } from "../../src/core/question.ts";
import { noUsage } from "../../src/core/usage.ts";
import { learnedReply } from "../../src/rung/learned-reply.ts";
import type { Features, Rung } from "../../src/rung/rung.ts";
import type { Stored } from "./scores.ts";

/** Numbers of texts by the text. */
export class Table {
  readonly #rows = new Map<string, number>();
  readonly #stored: Stored;

  constructor(texts: readonly string[], stored: Stored) {
    for (const [row, text] of texts.entries()) this.#rows.set(text, row);
    this.#stored = stored;
  }

  of(text: string): Float32Array {
    const { values, width } = this.#stored;
    const row = this.#rows.get(text);
    if (row === undefined) throw new Error("a text that was never read");
    return values.subarray(row * width, (row + 1) * width);
  }
}

/** The encoder with its head: the zero-shot rule until something was learned. */
export function storedEncoder(table: Table, descriptions: Table): Rung {
  const name = "encoder (stored)";
  const features = (question: Question): Features => {
    const values = table.of(question.about);
    const near = question.options.map((option) =>
      dot(values, descriptions.of(`${option.name}: ${option.description}`)),
    );
    const scores = question.otherwise === null ? near : [...near, Math.min(...near)];
    return { values, scaling: "unit", scores };
  };
  return {
    name,
    local: true,
    mostCost: 0,
    acceptAt: 0.9,
    learns: "features",
    version: () => "stored",
    features: async (question) => features(question),
    decide(question, { learned }) {
      const found = features(question);
      const head = learned?.(name);
      const p = head ? head.decide(question.about, found) : softmax(found.scores!, 0.05);
      return learnedReply(question, p, {}, noUsage);
    },
  };
}

/** The chat model, read by name with the prior taken off; with a head over its sketch, or as it is. */
export function storedChat(table: Table, prior: readonly number[], learns: boolean): Rung {
  const name = learns ? "chat sketch (stored)" : "chat (stored)";
  const features = (question: Question): Features => {
    const row = table.of(question.about);
    const options = namesOf(question).length;
    const logp = row.subarray(0, options);
    const values = Float32Array.from([...row.subarray(options), ...logp]);
    return { values, scaling: "standard", scores: Array.from(logp, (value, index) => value - prior[index]!) };
  };
  return {
    name,
    local: true,
    mostCost: 0,
    acceptAt: 0.9,
    ...(learns && { learns: "features" as const }),
    version: () => "stored",
    features: async (question) => features(question),
    decide(question, { learned }) {
      const found = features(question);
      const head = learns ? learned?.(name) : null;
      const p = head ? head.decide(question.about, found) : softmax(found.scores!, 1);
      return learnedReply(question, p, {}, noUsage);
    },
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

function softmax(scores: readonly number[], temperature: number): number[] {
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp((score - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
