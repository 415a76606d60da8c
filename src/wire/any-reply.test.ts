/** Whatever a server sends is a reply: nothing throws, and no confidence is a number that is none. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asked, everyQuestion, extract, pick, question, target, write } from "./asked.contract.ts";
import type { Asked, Target, WireReply } from "./wire.ts";
import { wires } from "./wires.ts";

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    "A",
    "B",
    " a",
    "billing",
    '{"answer":"billing"}',
    '{"answer":',
    "```json\n{}\n```",
    "<think>",
    "[TOOL_CALLS]reply{}",
    "yes",
    "m",
    "q",
    "stop",
    "length",
    "choice",
    "noul",
    "score",
    "predicate",
    "text",
    "tool_use",
    "answer",
    "reply",
  ),
);
const number = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1, 0.5, 0.97, -0.01, -9999, 1e308), fc.nat(100));
const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.constant(undefined));
/** Keys of the formats, at any depth and with anything in them. */
const keys = [
  "model",
  "choices",
  "message",
  "content",
  "logprobs",
  "top_logprobs",
  "token",
  "logprob",
  "usage",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "finish_reason",
  "answers",
  "q",
  "type",
  "probabilities",
  "billing",
  "shipping",
  "technical",
  "choice",
  "noul",
  "probability",
  "value",
  "label",
  "0",
  "1",
  "tool_calls",
  "function",
  "name",
  "arguments",
  "text",
  "input",
  "stop_reason",
  "refusal",
  "reasoning",
  "thinking",
  "done",
  "eval_count",
  "input_tokens",
  "output_tokens",
  "cost",
  "__proto__",
  "constructor",
  "toString",
];
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 6, withCrossShrink: true }, leaf, tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 5 })), tie("value"), { maxKeys: 6 }),
})).value;

/** A body of the right outer shape, so that what is inside is reached. */
const shaped = fc
  .tuple(anything, anything, text, anything, anything)
  .map(([inner, tokens, content, usage, answer]) => ({
    model: "m",
    usage,
    choices: [{ message: { content, tool_calls: inner }, logprobs: { content: tokens }, finish_reason: "stop" }],
    message: { content, tool_calls: inner },
    logprobs: tokens,
    content: [{ type: "text", text: content }, inner],
    answers: { q: answer },
  }));

/** Numbers of all kinds where a letter's probabilities should stand. */
const weighed = fc.array(fc.tuple(text, number), { maxLength: 5 }).map((top) => {
  const top_logprobs = top.map(([token, logprob]) => ({ token, logprob }));
  const logprobs = { content: [{ token: "A", logprob: top[0]?.[1] ?? 0, top_logprobs }] };
  return { model: "m", choices: [{ message: { content: "A" }, logprobs, finish_reason: "stop" }] };
});

const decided = fc.tuple(fc.array(number, { minLength: 3, maxLength: 3 }), fc.boolean()).map(([[a, b, c], isList]) => {
  const names = ["billing", "shipping", "technical"];
  const probabilities = isList
    ? names.map((value, index) => ({ value, probability: [a, b, c][index] }))
    : { billing: a, shipping: b, technical: c };
  const answer = { type: "choice", choice: "billing", probabilities };
  return { model: "m", answers: isList ? [answer] : { q: answer } };
});

const structures = ["json_schema", "tool", "json_object", "none"] as const;
const targets: readonly Target[] = structures.flatMap((structure) =>
  [true, false].map((logprobs) => target({ structure, logprobs: "raw" }, { logprobs })),
);

function check(reply: WireReply): void {
  expect(new Set(reply.faults).size).toBe(reply.faults.length);
  if (reply.tokens) {
    for (const count of [reply.tokens.input, reply.tokens.output, reply.tokens.cachedInput]) {
      expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
    }
    expect(reply.tokens.cost === null || reply.tokens.cost >= 0).toBe(true);
  }
  if (reply.kind === "unanswered") {
    expect(reply.reason).not.toBe("");
    return;
  }
  const { confidence, basis, evidence } = reply;
  expect(confidence === null || (confidence >= 0 && confidence <= 1)).toBe(true);
  if (basis === "none") expect(confidence).toBeNull();
  const shares = evidence.options ?? [];
  for (const { p, atMost } of shares)
    expect(p >= 0 && p <= 1 + 1e-9 && (atMost === undefined || atMost <= 1)).toBe(true);
  if (shares.length > 0) expect(shares.reduce((sum, { p }) => sum + p, 0)).toBeCloseTo(1, 6);
  for (const one of [evidence.mass ?? 0, ...(evidence.interval ?? [])]) expect(one >= 0 && one <= 1).toBe(true);
  if (evidence.interval) expect(confidence).toBeLessThanOrEqual(evidence.interval[1]);
}

describe.each(Object.values(wires))("$name", (wire) => {
  test("reads any JSON", () => {
    const asks: fc.Arbitrary<readonly [Asked, Target]> = fc.tuple(
      fc.constantFrom(...everyQuestion).map((of) => asked(of)),
      fc.constantFrom(...targets),
    );
    fc.assert(
      fc.property(fc.oneof(anything, shaped), asks, (body, [of, whom]) => {
        check(wire.read(body, of, whom));
      }),
      { numRuns: 500 },
    );
  });

  test("reads any numbers", () => {
    fc.assert(
      fc.property(fc.oneof(weighed, decided), fc.constantFrom(...targets), (body, whom) => {
        check(wire.read(body, asked(question()), whom));
      }),
      { numRuns: 500 },
    );
  });

  test("asks in JSON, the same every time", () => {
    for (const of of everyQuestion) {
      for (const whom of targets) {
        const request = wire.ask(asked(of), whom);
        expect(wire.ask(asked(of), whom)).toEqual(request);
        if (!("cannot" in request)) expect(JSON.parse(JSON.stringify(request.body))).toEqual(request.body);
      }
    }
  });

  // What reads in squares would need minutes here, and the test has seconds.
  test("is not slowed by a long reply that is nothing", () => {
    const long = [
      " ".repeat(1_000_000),
      "{".repeat(200_000),
      "<function=".repeat(100_000),
      `\`\`\`${"\n".repeat(1_000_000)}x`,
      "a[ARGS] ".repeat(100_000),
    ];
    for (const content of long) {
      const message = { role: "assistant", content };
      const body = {
        model: "m",
        message,
        done: true,
        choices: [{ message }],
        content: [{ type: "text", text: content }],
      };
      for (const of of [question(), extract(), pick(), write()]) check(wire.read(body, asked(of), targets[2]!));
    }
  });
});
