/** Whatever a rung says of its options, the reply is a distribution whose highest is the answer. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { StepAnswered } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import type { RunRecord } from "../journal/journal.ts";
import type { IncomingQuestion } from "../wire/incoming.ts";
import { namesFor } from "./posed.ts";
import { bodyOf } from "./reply.ts";
import type { Format, GatewayInput } from "./request.ts";
import { viewOf } from "./view.ts";

const options = (kind: IncomingQuestion["kind"], count: number): IncomingQuestion["options"] => {
  if (kind === "judge") {
    return [
      { name: "yes", value: true, description: "" },
      { name: "no", value: false, description: "" },
    ];
  }
  return Array.from({ length: count }, (_, index) =>
    kind === "score"
      ? { name: String(index), value: index, description: `level ${"abcdefghij"[index]}` }
      : { name: `o${index}`, value: `o${index}`, description: "" },
  );
};

const p = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 0.5, 1e-12));

test("a reply's probabilities are some, and its answer is the ladder's", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Exclude<Format, "chat">>("systemone", "decisions", "decision-model"),
      fc.constantFrom<IncomingQuestion["kind"]>("choice", "judge", "score"),
      fc.integer({ min: 2, max: 10 }),
      fc.nat(),
      fc.option(p),
      fc.array(p, { maxLength: 11 }),
      (format, kind, count, pick, confidence, read) => {
        const question: IncomingQuestion = { id: "q", name: "q", kind, ask: "?", options: options(kind, count) };
        const names = namesFor(question);
        const best = pick % names.length;
        const evidence = {
          options: read.flatMap((each, index) => (names[index] ? [{ name: names[index], p: each }] : [])),
        };
        const event: StepAnswered = {
          type: "step_answered",
          path: "q-1",
          verb: "choose",
          question: "1",
          value: names[best]!,
          confidence,
          basis: "raw",
          rung: "model",
          risk: null,
          trail: [{ rung: "model", kind: "answered", evidence, verdict: { stands: true, checks: [] } }],
          milliseconds: 1,
        };
        const input: GatewayInput = {
          client: "-",
          request: { format, incoming: { model: "m", about: "x", questions: [question] } },
          steps: [{ name: "q-1", index: null, risk: null, promise: "none asked", from: null }],
        };
        const run = { id: "a-1", input, outcome: { kind: "done" }, started: 0 } as unknown as RunRecord;
        const body = bodyOf(viewOf(run, [event]), false) as { readonly answers: Json };
        const answer = (Array.isArray(body.answers) ? body.answers[0] : (body.answers as { q: Json }).q) as Answer;
        const spread = spreadOf(answer);
        expect(spread.every((each) => each >= 0 && each <= 1)).toBe(true);
        expect(spread.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
        if (names.length > 1) expect(spread.indexOf(Math.max(...spread))).toBe(best);
        expect(spread.filter((each) => each >= spread[best]!)).toHaveLength(1);
      },
    ),
  );
});

interface Answer {
  readonly noul?: number;
  readonly probability?: number;
  readonly probabilities?: { readonly [name: string]: number } | readonly { readonly probability: number }[];
}

function spreadOf({ noul, probability, probabilities }: Answer): readonly number[] {
  const yes = noul ?? probability;
  if (yes !== undefined) return [yes, 1 - yes];
  if (Array.isArray(probabilities)) return probabilities.map((each: { probability: number }) => each.probability);
  return Object.values(probabilities as { readonly [name: string]: number });
}
