import { expect, test } from "vitest";
import { Question } from "../core/question.ts";
import { withoutPatterns } from "./remote-question.ts";
import { elect } from "./remote-votes.ts";
import { questionOf } from "./rung.contract.ts";

test("a question that is sent with placeholders has looser schemas, and is the same in all else", () => {
  const fields = {
    type: "object",
    properties: {
      to: { type: "string", format: "email", minLength: 3, description: "who" },
      format: { type: "string", enum: ["a"], pattern: "^a$" },
      all: { type: "array", items: { $ref: "#/$defs/phone" } },
    },
    required: ["format"],
    $defs: { phone: { type: "string", pattern: "^\\+" } },
  };
  const { ask, cue, options, otherwise, tools, maxTokens, stop, onText, split, check, parse } = questionOf("extract");
  const spec = { verb: "extract", ask, cue, options, otherwise, fields, tools, maxTokens, stop, onText, split, check };
  const question = new Question("x", "x/1", { ...spec, verb: "extract" }, () => "text", parse);
  const loose = withoutPatterns(question);
  expect(loose).toMatchObject({ name: "x", path: "x/1", about: "text", ask, verb: "extract" });
  expect(loose.fields).toEqual({
    type: "object",
    properties: {
      to: { type: "string", description: "who" },
      format: { type: "string", enum: ["a"] },
      all: { type: "array", items: { $ref: "#/$defs/phone" } },
    },
    required: ["format"],
    $defs: { phone: { type: "string" } },
  });
  expect(question.fields).toBe(fields);
  expect(withoutPatterns(questionOf("choose", "y")).about).toBe("y");
});

test("of votes the most frequent wins, the first of those that are level; too few are none", () => {
  const question = questionOf("choose");
  expect(elect(question, ["shipping", "billing", "billing"], 3)).toMatchObject({ value: "billing", confidence: 2 / 3 });
  expect(elect(question, ["shipping", "billing"], 3)).toMatchObject({ value: "shipping", confidence: 1 / 3 });
  expect(elect(question, ["shipping"], 3)).toBeNull();
  const calls = [1, 2, 1].map((order) => ({ tool: "look_up", args: { order } }));
  expect(elect(questionOf("pick"), calls, 3)).toMatchObject({
    value: { tool: "look_up", args: { order: 1 } },
    confidence: 2 / 3,
    evidence: { votes: 3, options: [{ name: "look_up", p: 1 }] },
  });
});
