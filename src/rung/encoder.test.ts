import { expect, test } from "vitest";
import { askAbout } from "../../test/support/question.ts";
import type { Reply } from "../core/answer.ts";
import type { Question, QuestionSpec } from "../core/question.ts";
import { FakeEncoder } from "../engine/fake.contract.ts";
import { memoryJournal } from "../journal/memory.ts";
import { textToVector } from "../vectors/packed.ts";
import { encoder } from "./encoder.ts";
import { rungContract } from "./rung.contract.ts";
import type { OpenNeeds } from "./rung.ts";

const needs: OpenNeeds = {
  notes: { get: () => undefined, set: () => {}, add: async () => 0 },
  vectors: { get: () => undefined, set: () => {} },
  recall: () => undefined,
  calls: memoryJournal().calls,
  say: () => {},
};
const context = { signal: new AbortController().signal, run: "r", item: null, suggestion: null, repair: null };
const options = [
  { name: "cards", description: "a lost card, a new card" },
  { name: "cash", description: "money from a cash machine" },
];

function ask(about: string, spec: Partial<QuestionSpec> = {}): Question {
  return askAbout(about, { options, otherwise: "none of these", ...spec });
}

async function opened(engine = new FakeEncoder()) {
  const rung = encoder("some/minilm.gguf", { engine });
  await rung.open?.(needs);
  return { rung, engine };
}

function answered(reply: Reply): Extract<Reply, { kind: "answered" }> {
  if (reply.kind !== "answered") throw new Error(`not answered: ${JSON.stringify(reply)}`);
  return reply;
}

test("is named after its file, local, free, and careful by default", () => {
  expect(encoder("some/minilm.gguf")).toMatchObject({
    name: "encoder:minilm",
    local: true,
    mostCost: 0,
    acceptAt: 0.9,
  });
  expect(encoder("minilm", { acceptAt: 0.7 }).acceptAt).toBe(0.7);
});

test("answers with the nearest option; the way out is never scored", async () => {
  const { rung } = await opened();
  const reply = answered(await rung.decide(ask("my card is lost"), context));
  expect(reply).toMatchObject({ value: "cards", basis: "similarity" });
  const p = reply.evidence.options!;
  expect(p.map((option) => option.name)).toEqual(["cards", "cash"]);
  expect(p.reduce((sum, option) => sum + option.p, 0)).toBeCloseTo(1, 9);
  expect(reply.confidence).toBe(p[0]!.p);
  expect(reply.evidence.margin).toBeGreaterThan(0);
  const vector = textToVector(reply.evidence.vector!);
  expect(vector).toHaveLength(64);
  expect(Math.hypot(...vector)).toBeCloseTo(1, 2);
});

test("embeds a question's options once", async () => {
  const { rung, engine } = await opened();
  await rung.decide(ask("one card"), context);
  await rung.decide(ask("two cards"), context);
  expect(engine.embedded).toEqual([
    "cards: a lost card, a new card",
    "cash: money from a cash machine",
    "one card",
    "two cards",
  ]);
});

test.each([
  [
    "no descriptions",
    {
      options: [
        { name: "a", description: "" },
        { name: "b", description: "x" },
      ],
    },
  ],
  ["arguments", { verb: "pick" as const }],
  ["writes nothing", { verb: "write" as const }],
  ["writes nothing", { verb: "extract" as const }],
  ["nothing to choose", { options: options.slice(0, 1) }],
])("escalates what it cannot answer: %s", async (reason, spec) => {
  const { rung } = await opened();
  expect(await rung.decide(ask("a card", spec), context)).toMatchObject({
    kind: "escalated",
    reason: expect.stringContaining(reason),
  });
});

test("a long item is read in windows, by the author's rule where there is one, and it says in how many", async () => {
  const { rung, engine } = await opened();
  const long = "card ".repeat(30);
  const reply = answered(await rung.decide(ask(long), context));
  expect(reply).toMatchObject({ value: "cards", evidence: { pieces: engine.embedded.length - 2 } });
  expect(Math.hypot(...textToVector(reply.evidence.vector!))).toBeCloseTo(1, 2);
  const split = (about: string) => [about.slice(0, 50), about.slice(50, 100), "  "];
  expect(answered(await rung.decide(ask(long, { split }), context))).toMatchObject({ evidence: { pieces: 2 } });
});

test("an item that was read before costs no token and gets the same answer", async () => {
  const kept = new Map<string, Uint8Array>();
  const vectors = {
    get: (key: string) => kept.get(key),
    set: (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
  };
  const replies = [];
  for (const engine of [new FakeEncoder(), new FakeEncoder()]) {
    const rung = encoder("minilm", { engine, textPrefix: "query: " });
    await rung.open?.({ ...needs, vectors });
    replies.push(answered(await rung.decide(ask("my card is lost"), context)));
    if (replies.length === 1) expect(engine.embedded.every((text) => text.startsWith("query: "))).toBe(true);
    else expect(engine.embedded).toEqual([]);
  }
  const [fresh, cached] = replies;
  expect(fresh!.usage.inputTokens).toBe(5);
  expect(cached).toEqual({ ...fresh!, usage: { ...fresh!.usage, inputTokens: 0, milliseconds: expect.any(Number) } });
});

test("an empty item is escalated, a broken engine is thrown", async () => {
  const { rung, engine } = await opened();
  expect(await rung.decide(ask("  "), context)).toMatchObject({
    kind: "escalated",
    reason: expect.stringContaining("E_EMPTY"),
  });
  await engine.close();
  await expect(rung.decide(ask("a card"), context)).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
});

test("does not close an engine that it was given", async () => {
  const { rung, engine } = await opened();
  await rung.close?.();
  expect(engine.closed).toBe(false);
});

rungContract({
  name: "the encoder",
  make: () => encoder("minilm", { engine: new FakeEncoder() }),
  expects: "answered",
});
