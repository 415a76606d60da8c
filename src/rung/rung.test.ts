import { describe, expect, test } from "vitest";
import { cacheKeyOf } from "../core/cache-key.ts";
import { noUsage } from "../core/usage.ts";
import { memoryJournal } from "../journal/memory.ts";
import { cache } from "./cache.ts";
import { person } from "./person.ts";
import { fallback, rules } from "./rules.ts";
import { contextOf, questionOf, rungContract } from "./rung.contract.ts";
import type { Recall, RecalledAnswer } from "./rung.ts";
import { scripted } from "./scripted.ts";

for (const rung of [
  { name: "rules", make: () => rules(() => "billing"), expects: "answered" },
  { name: "rules without one that applies", make: () => rules(() => undefined), expects: "escalated" },
  { name: "cache", make: () => cache(), expects: "escalated" },
  { name: "scripted", make: () => scripted({ choose: "billing" }), expects: "answered" },
  { name: "person", make: () => person(), expects: "waiting" },
  { name: "fallback", make: () => fallback("billing"), expects: "answered" },
] as const) {
  rungContract(rung);
}

describe("the cache", () => {
  const known: RecalledAnswer = {
    value: "x",
    confidence: 0.8,
    basis: "raw",
    rung: "model",
    run: "r-1",
    path: "p",
    key: null,
  };
  const open = async (recall: Recall) => {
    const rung = cache();
    await rung.open?.({
      notes: { get: () => undefined, set: () => {}, add: async () => 0 },
      vectors: { get: () => undefined, set: () => {} },
      recall,
      calls: memoryJournal().calls,
      say: () => {},
    });
    return rung;
  };

  test("serves what the journal recalls of the same question about the same text, with its origin", async () => {
    const question = questionOf("choose", "one text");
    const rung = await open((key) => (key === cacheKeyOf(question) ? known : undefined));
    expect(await rung.decide(question, contextOf())).toMatchObject({
      kind: "answered",
      value: "x",
      confidence: 0.8,
      origin: { rung: "model", run: "r-1", path: "p" },
    });
    expect((await rung.decide(questionOf("choose", "another"), contextOf())).kind).toBe("escalated");
    expect((await rung.decide(questionOf("judge", "one text"), contextOf())).kind).toBe("escalated");
  });
});

describe("the scripted rung", () => {
  const ask = async (script: Parameters<typeof scripted>[0], options = {}) =>
    scripted(script, options).decide(questionOf("choose"), contextOf());

  test("answers by path, else by name, else by a function, and escalates what is not in the script", async () => {
    expect(await ask({ choose: "a" })).toMatchObject({ value: "a", confidence: 1, basis: "raw" });
    expect(await ask(() => "b")).toMatchObject({ value: "b" });
    expect(await ask(async () => "c", { confidence: 0.3, cost: 0.1 })).toMatchObject({
      value: "c",
      confidence: 0.3,
      usage: { cost: 0.1 },
    });
    expect(await ask({})).toMatchObject({ kind: "escalated" });
    expect(await ask(() => undefined)).toMatchObject({ kind: "escalated" });
  });

  test("hands a whole reply on as it is", async () => {
    const reply = { kind: "escalated", reason: "no", usage: noUsage } as const;
    expect(await ask({ choose: reply })).toBe(reply);
  });
});
