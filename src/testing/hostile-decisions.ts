/** Replies in probabilities: System One and OpenAI's Decisions, from one plain form. */

import type { Json } from "../core/json.ts";
import type { HostileFaultName } from "./hostile-faults.ts";
import type { HostileAsked, HostileQuestion } from "./hostile-request.ts";

interface Decided {
  readonly question: HostileQuestion;
  /** Of each option, in the question's order. */
  readonly probabilities: readonly number[];
  readonly refused: boolean;
}

interface DecisionReply {
  readonly decided: readonly Decided[];
  readonly usage: { readonly input: number; readonly output: number } | null;
  readonly model: string;
}

type Body = { readonly [key: string]: Json | undefined };

/** The right reply, then what the fault makes of it. */
export function decisionReply(asked: HostileAsked, answer: Json | undefined, sure: number, fault: string | null): Body {
  const plain: DecisionReply = {
    decided: asked.questions.map((question) => decided(question, answer, sure)),
    usage: { input: Math.ceil(JSON.stringify(asked.body).length / 4) + 8, output: asked.questions.length },
    model: String(asked.body.model ?? "hostile"),
  };
  const change = fault === null ? undefined : changes[fault as HostileFaultName];
  const reply = change ? { ...plain, ...change(plain, asked) } : plain;
  return asked.wire === "systemone" ? systemOne(reply) : decisions(reply);
}

/** A script names one value for all questions, or one for each by its name. */
function decided(question: HostileQuestion, answer: Json | undefined, sure: number): Decided {
  const byName = typeof answer === "object" && answer !== null && !Array.isArray(answer);
  const wanted = byName ? (answer as { readonly [id: string]: Json })[question.id] : answer;
  const at = Math.max(0, question.options.indexOf(String(wanted ?? question.options[0])));
  const rest = (1 - sure) / Math.max(1, question.options.length - 1);
  return { question, probabilities: question.options.map((_, index) => (index === at ? sure : rest)), refused: false };
}

const changes: {
  readonly [name in HostileFaultName]?: (plain: DecisionReply, asked: HostileAsked) => Partial<DecisionReply>;
} = {
  refusal: (plain) => ({ decided: plain.decided.map((one) => ({ ...one, refused: true })) }),
  "question missing": (plain) => ({ decided: plain.decided.slice(1) }),
  "bad probabilities": (plain) => ({
    decided: plain.decided.map((one) => ({ ...one, probabilities: one.probabilities.map((p) => p * 1.7 - 0.2) })),
  }),
  "usage missing": () => ({ usage: null }),
  "usage doubled": (_, { body }) => {
    const bytes = JSON.stringify(body).length;
    return { usage: { input: 2 * bytes + 4096, output: 2 * bytes + 4096 } };
  },
  "wrong model": () => ({ model: "some-other-model-0.5b" }),
};

/** How peaked a distribution is: a statistic of all of it, not the top probability, as the format has it. */
function peakedness(probabilities: readonly number[]): number {
  const entropy = probabilities.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  return 1 - entropy / Math.log(Math.max(2, probabilities.length));
}

const best = ({ question, probabilities }: Decided): string =>
  question.options[probabilities.indexOf(Math.max(...probabilities))] ?? "";

const position = ({ probabilities }: Decided): number => probabilities.reduce((sum, p, index) => sum + p * index, 0);

const usageOf = ({ usage }: DecisionReply): Body =>
  usage ? { usage: { input_tokens: usage.input, output_tokens: usage.output } } : {};

function systemOne(reply: DecisionReply): Body {
  const answers = reply.decided.map((one): [string, Json] => {
    const { question, probabilities } = one;
    if (question.type === "noul") return [question.id, { type: "noul", noul: probabilities[0] ?? 0 }];
    const shared = {
      probabilities: Object.fromEntries(question.options.map((option, index) => [option, probabilities[index] ?? 0])),
      confidence: peakedness(probabilities),
    };
    return question.type === "score"
      ? [question.id, { type: "score", score: position(one), legend: {}, ...shared }]
      : [question.id, { type: "choice", choice: best(one), ...shared }];
  });
  return { model: reply.model, answers: Object.fromEntries(answers), ...usageOf(reply) };
}

function decisions(reply: DecisionReply): Body {
  const answers = reply.decided.map((one): Json => {
    const { question, probabilities, refused } = one;
    const { id: name, type } = question;
    if (refused) return { type: "refusal", name };
    if (type === "predicate") return { type, name, probability: probabilities[0] ?? 0 };
    const confidence = peakedness(probabilities);
    return type === "score"
      ? {
          type,
          name,
          score: position(one),
          probabilities: question.options.map((label, value) => ({
            value,
            label,
            probability: probabilities[value] ?? 0,
          })),
          confidence,
        }
      : {
          type,
          name,
          choice: question.values[question.options.indexOf(best(one))] ?? null,
          probabilities: question.values.map((value, index) => ({ value, probability: probabilities[index] ?? 0 })),
          confidence,
        };
  });
  return { model: reply.model, answers, ...usageOf(reply) };
}
