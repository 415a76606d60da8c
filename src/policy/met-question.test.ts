import { describe, expect, test } from "vitest";
import { Question, type QuestionSpec } from "../core/question.ts";
import { isClosed, isPromisable, metQuestion, nameIndex, questionAbout, sameAnswer } from "./met-question.ts";

const spec: QuestionSpec = {
  verb: "choose",
  ask: "Which team?",
  cue: "Team:",
  options: ["billing", "delivery"].map((name) => ({ name, description: `all about ${name}` })),
  otherwise: "none of these",
  fields: null,
  tools: [],
  maxTokens: 0,
  stop: [],
  onText: null,
  split: null,
  check: null,
};
const question = (more: Partial<QuestionSpec> = {}): Question =>
  new Question(
    "team",
    "outer/team/3",
    { ...spec, ...more },
    () => "an item",
    (value) => ({ ok: true, value }),
  );

describe("a question out of the record", () => {
  test("is the same question about another text, also after JSON", () => {
    const met = JSON.parse(JSON.stringify(metQuestion(question())));
    const again = questionAbout(met, "another item");
    expect(again.version).toBe(question().version);
    expect(again.about).toBe("another item");
    expect(again.cue).toBe("Team:");
    expect(met).not.toHaveProperty("about");
    // (control) One byte of the prompt is another question.
    expect(questionAbout({ ...met, ask: "Which team!" }, "x").version).not.toBe(again.version);
    expect(questionAbout({ ...met, cue: "team:" }, "x").version).not.toBe(again.version);
  });

  test.each<[string, Partial<QuestionSpec>]>([
    ["extract", { verb: "extract", options: [], fields: { type: "object", properties: { n: { type: "number" } } } }],
    ["score", { verb: "score" }],
    [
      "pick",
      { verb: "pick", tools: [{ name: "billing", description: "", effect: "read", input: { type: "object" } }] },
    ],
  ])("keeps its version: %s", (_, more) => {
    const met = JSON.parse(JSON.stringify(metQuestion(question(more))));
    expect(questionAbout(met, "x").version).toBe(question(more).version);
  });

  test("can be promised unless a text or a tool is asked for, and learned where its names are a list", () => {
    const verbs = ["choose", "judge", "score", "extract", "pick", "write"] as const;
    expect(verbs.filter((verb) => isPromisable({ verb }))).toEqual(["choose", "judge", "score", "extract"]);
    expect(verbs.filter((verb) => isClosed({ verb }))).toEqual(["choose", "judge", "score"]);
  });
});

describe("two answers", () => {
  test.each([
    ["choose", "billing", "billing", true],
    ["choose", "billing", "Billing", false],
    ["score", "3", 3, false],
    ["extract", { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ["extract", { a: 1 }, { a: 1, b: null }, false],
    ["pick", "find", { tool: "find", args: {} }, true],
    ["pick", [{ tool: "find", args: { n: 1 } }], { args: { n: 1 }, tool: "find" }, true],
    ["pick", { tool: "find", args: { n: 1 } }, { tool: "find", args: { n: 2 } }, false],
    ["pick", { tool: "find", args: {} }, { tool: "drop", args: {} }, false],
    ["pick", null, "find", false],
  ] as const)("of %s: %j and %j are the same: %s", (verb, a, b, same) => {
    expect(sameAnswer({ verb }, a as never, b as never)).toBe(same);
    expect(sameAnswer({ verb }, b as never, a as never)).toBe(same);
  });

  test("have their places among the names, the way out last", () => {
    const met = { options: spec.options, otherwise: "none of these" };
    expect(["billing", "delivery", "none of these", "else"].map((name) => nameIndex(met, name))).toEqual([0, 1, 2, -1]);
    expect(nameIndex({ ...met, otherwise: null }, "none of these")).toBe(-1);
    const scale = { options: [{ name: "1", description: "" }], otherwise: null };
    expect([nameIndex(scale, 1), nameIndex(scale, true), nameIndex(scale, null)]).toEqual([0, -1, -1]);
  });
});
