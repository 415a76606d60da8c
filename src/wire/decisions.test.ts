import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ABOUT, answeredOf, asked, extract, judge, pick, question, score, target, write } from "./asked.contract.ts";
import { decisions } from "./decisions.ts";
import { parseDecisions, renderDecisions } from "./decisions-server.ts";
import type { Incoming, OutgoingReply } from "./incoming.ts";
import { systemone } from "./systemone.ts";
import { parseSystemOne, renderSystemOne } from "./systemone-server.ts";
import type { Wire, WireRequest } from "./wire.ts";

const usage = { input_tokens: 60, output_tokens: 0 };

function bodyOf(request: ReturnType<Wire["ask"]>): WireRequest["body"] {
  if ("cannot" in request) throw new Error(request.cannot);
  return request.body;
}

const one = (answer: object, more: object = {}): object => ({ model: "m", answers: { q: answer }, usage, ...more });
const listed = (answer: object, more: object = {}): object => ({ model: "m", answers: [answer], usage, ...more });
const choice = (probabilities: object, best: string): object => ({
  type: "choice",
  choice: best,
  probabilities,
  confidence: 0.2,
});

describe("System One asks", () => {
  const asks = (of = question()) => (bodyOf(systemone.ask(asked(of), target())).questions as { q: object }).q;

  test("for a choice among the options, the way out among them", () => {
    expect(bodyOf(systemone.ask(asked(), target()))).toEqual({
      model: "m",
      state: ABOUT,
      questions: {
        q: {
          type: "choice",
          instructions: "Which team?",
          criteria: { billing: "Payments, refunds", shipping: "Parcels", technical: null },
        },
      },
    });
    expect(asks(question({ otherwise: "none of these" }))).toMatchObject({ criteria: { "none of these": null } });
  });

  test("yes or no as such, and as one of three where it may not be told", () => {
    expect(asks(judge())).toEqual({ type: "noul", instructions: "Is it urgent?" });
    expect(asks(judge("cannot tell"))).toMatchObject({ criteria: { yes: null, no: null, "cannot tell": null } });
  });

  test("a short score as such, and a longer one or one with a way out as a choice", () => {
    expect(asks(score(5))).toEqual({ type: "score", instructions: "How angry?", criteria: ["1", "2", "3", "4", "5"] });
    expect(asks(score(20))).toHaveProperty("type", "choice");
    expect(asks(score(5, "cannot tell"))).toHaveProperty("type", "choice");
  });

  test.each([extract(), pick(), write()])("nothing that must be written: $verb", (of) => {
    for (const wire of [systemone, decisions]) {
      expect(wire.ask(asked(of), target())).toEqual({ cannot: expect.stringContaining(`cannot ${of.verb}`) });
    }
  });

  test("neither one option nor 256", () => {
    const options = (count: number) =>
      question({ options: Array.from({ length: count }, (_, index) => ({ name: `o${index}`, description: "" })) });
    expect(systemone.ask(asked(options(1)), target())).toHaveProperty("cannot");
    expect(systemone.ask(asked(options(256)), target())).toHaveProperty("cannot");
    expect(systemone.ask(asked(options(255)), target())).not.toHaveProperty("cannot");
  });
});

describe("Decisions asks", () => {
  const asks = (of = question()) => (bodyOf(decisions.ask(asked(of), target())).questions as object[])[0];
  test("in its own words", () => {
    expect(asks()).toEqual({
      type: "choice",
      name: "q",
      instructions: "Which team?",
      choices: [
        { value: "billing", description: "Payments, refunds" },
        { value: "shipping", description: "Parcels" },
        { value: "technical" },
      ],
    });
    expect(asks(judge())).toEqual({ type: "predicate", name: "q", instructions: "Is it urgent?" });
    expect(asks(score(2))).toMatchObject({ type: "score", levels: [{ label: "1" }, { label: "2" }] });
  });
});

describe("a distribution", () => {
  const read = (body: unknown, of = question()) => systemone.read(body, asked(of), target());
  const sure = { billing: 0.8123, shipping: 0.1501, technical: 0.0376 };

  test("gives its best option's own probability, and never what the server calls confidence", () => {
    const reply = answeredOf(read(one(choice(sure, "billing"))));
    expect(reply).toMatchObject({ value: "billing", basis: "raw", faults: [], tokens: { input: 60, output: 0 } });
    expect(reply.confidence).toBeCloseTo(0.8123, 9);
    expect(reply.evidence.options?.map(({ name }) => name)).toEqual(["billing", "shipping", "technical"]);
  });

  test("of yes and no, of levels", () => {
    const no = answeredOf(read(one({ type: "noul", noul: 0.0371 }), judge()));
    expect(no.value).toBe("no");
    expect(no.confidence).toBeCloseTo(0.9629, 9);
    const probabilities = { "0": 0.1011, "1": 0.7989, "2": 0.1 };
    const level = answeredOf(
      read(one({ type: "score", score: 1.1, probabilities, legend: {}, confidence: 0.4 }), score(3)),
    );
    expect(level.value).toBe("2");
    expect(level.confidence).toBeCloseTo(0.7989, 9);
  });

  test("keeps the mass that a server gives", () => {
    expect(answeredOf(read(one({ ...choice(sure, "billing"), label_mass: 0.31 }))).evidence.mass).toBe(0.31);
  });

  test("that was rounded counts as the least that it can stand for", () => {
    const reply = answeredOf(read(one(choice({ billing: 0.97, shipping: 0.02, technical: 0.01 }, "billing"))));
    expect(reply.faults).toEqual(["logprobs rounded"]);
    expect(reply.confidence).toBeCloseTo(0.965, 9);
    expect(reply.evidence.interval?.[1]).toBeCloseTo(0.975, 9);
    expect(answeredOf(read(one({ type: "noul", noul: 1 }), judge())).confidence).toBeCloseTo(0.995, 9);
  });

  test("of very many options that were all rounded to nothing says nothing", () => {
    const options = Array.from({ length: 210 }, (_, index) => ({ name: `o${index}`, description: "" }));
    const probabilities = Object.fromEntries(options.map(({ name }) => [name, 0]));
    const body = { model: "m", answers: { q: { type: "choice", choice: "o0", probabilities } } };
    expect(systemone.read(body, asked(question({ options })), target())).toMatchObject({
      kind: "unanswered",
      faults: ["usage missing", "bad probabilities"],
    });
  });

  test("that was rounded to a tie leaves the server its choice", () => {
    expect(answeredOf(read(one(choice({ billing: 0.5, shipping: 0.5, technical: 0 }, "shipping")))).value).toBe(
      "shipping",
    );
  });

  test.each([
    ["above one", { billing: 1.33, shipping: -0.2, technical: -0.13 }, "billing", "bad probabilities"],
    ["no sum of one", { billing: 0.5123, shipping: 0.1, technical: 0.1 }, "billing", "bad probabilities"],
    ["not a number", { billing: null, shipping: 0.5, technical: 0.5 }, "shipping", "bad probabilities"],
    ["an option less", { billing: 0.9123, shipping: 0.0877 }, "billing", "bad probabilities"],
    ["another option", { billing: 0.9, shipping: 0.05, technical: 0.03, sales: 0.02 }, "billing", "schema ignored"],
    ["another choice than the best", sure, "technical", "bad probabilities"],
    ["a choice that was not offered", sure, "sales", "bad probabilities"],
  ])("is not believed: %s", (_, probabilities, best, fault) => {
    expect(read(one(choice(probabilities, best)))).toMatchObject({ kind: "unanswered", faults: [fault] });
  });

  test.each([
    ["no answer", { model: "m", answers: {}, usage }, ["question missing"]],
    ["another type", one({ type: "noul", noul: 0.3 }), ["malformed"]],
    ["another shape", { result: "billing" }, ["malformed", "usage missing"]],
    ["another model", one(choice(sure, "billing"), { model: "other-0.5b" }), ["wrong model"]],
    [
      "a prompt read in part",
      one(choice(sure, "billing"), { usage: { input_tokens: 1, output_tokens: 0 } }),
      ["prompt truncated"],
    ],
  ])("is missing: %s", (_, body, faults) => {
    expect(read(body)).toMatchObject({ kind: "unanswered", faults });
  });

  test("comes from Decisions in a list, or not at all", () => {
    const reads = (body: unknown, of = question()) => decisions.read(body, asked(of), target());
    const probabilities = Object.entries(sure).map(([value, probability]) => ({ value, probability }));
    const reply = answeredOf(
      reads(listed({ type: "choice", name: "q", choice: "billing", probabilities, confidence: 0.7 })),
    );
    expect(reply.confidence).toBeCloseTo(0.8123, 9);
    expect(reads(listed({ type: "refusal", name: "q" }))).toMatchObject({ kind: "unanswered", faults: ["refused"] });
    expect(reads({ model: "m", answers: [], usage })).toMatchObject({ faults: ["question missing"] });
    const twice = [...probabilities, { value: "billing", probability: 0.1 }];
    expect(reads(listed({ type: "choice", name: "q", choice: "billing", probabilities: twice }))).toMatchObject({
      kind: "unanswered",
      faults: ["bad probabilities"],
    });
  });
});

const formats = [
  { name: "System One", wire: systemone, parse: parseSystemOne, render: renderSystemOne },
  { name: "Decisions", wire: decisions, parse: parseDecisions, render: renderDecisions },
] as const;

function incomingOf(parsed: ReturnType<typeof parseSystemOne>): Incoming {
  if (!parsed.ok) throw new Error(`${parsed.issue.path}: ${parsed.issue.message}`);
  return parsed.value;
}

describe.each(formats)("both sides of $name", ({ wire, parse, render }) => {
  const names = fc.uniqueArray(
    fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name.trim() !== ""),
    {
      minLength: 2,
      maxLength: 12,
    },
  );
  const spec = fc.tuple(names, fc.constantFrom("choose", "judge", "score"), fc.boolean()).map(([drawn, verb, out]) => {
    if (verb === "judge") return judge(out ? "cannot tell" : null);
    if (verb === "score") return score(drawn.length, out ? "cannot tell" : null);
    const options = drawn.map((name, index) => ({ name, description: index % 2 === 0 ? `about ${name}` : "" }));
    return question({ options, otherwise: out && !drawn.includes("none of these") ? "none of these" : null });
  });

  test("understand each other: what one asks the other reads, what it answers is read back", () => {
    fc.assert(
      fc.property(
        spec,
        fc.array(fc.integer({ min: 1, max: 1_000_003 }), { minLength: 14, maxLength: 14 }),
        (of, weights) => {
          const incoming = incomingOf(parse(JSON.parse(JSON.stringify(bodyOf(wire.ask(asked(of), target()))))));
          expect(incoming.about).toBe(ABOUT);
          const [read] = incoming.questions;
          const drawn = weights.slice(0, read!.options.length);
          const sum = drawn.reduce((all, weight) => all + weight, 0);
          const probabilities = drawn.map((weight) => weight / sum);
          const reply: OutgoingReply = {
            model: "m",
            answers: [{ kind: "answered", probabilities }],
            inputTokens: 60,
            outputTokens: 0,
          };
          const answer = answeredOf(
            wire.read(JSON.parse(JSON.stringify(render(incoming, reply))), asked(of), target()),
          );
          const best = Math.max(...probabilities);
          expect(answer.confidence).toBeLessThanOrEqual(best + 1e-9);
          expect(answer.confidence).toBeGreaterThanOrEqual(best - 0.0051);
          const byName = new Map(answer.evidence.options?.map(({ name, p }) => [name, p]));
          expect(byName.get(String(answer.value))).toBeCloseTo(best, 6);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("know a refusal", () => {
    const incoming = incomingOf(parse(bodyOf(wire.ask(asked(), target()))));
    const body = render(incoming, { model: "m", answers: [{ kind: "refused" }], inputTokens: 60, outputTokens: 0 });
    expect(wire.read(body, asked(), target()).kind).toBe("unanswered");
  });

  test("take whatever comes: an incoming body is read or refused with a sentence, never thrown at", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const parsed = parse(body);
        if (!parsed.ok) expect(parsed.issue.message).not.toBe("");
      }),
      { numRuns: 200 },
    );
  });
});
