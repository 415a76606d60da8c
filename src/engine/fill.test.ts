import { expect, test } from "vitest";
import type { JsonSchema } from "../core/schema.ts";
import { fillFields } from "./fill.ts";
import type { Pen } from "./pen.ts";

/** A model that likes the texts of `likes` and writes those of `writes`, one after the other. */
class ScriptedPen implements Pen {
  text = "";
  readonly weighed: (readonly string[])[] = [];
  readonly #likes: readonly string[];
  readonly #writes: string[];

  constructor(likes: readonly string[], writes: readonly string[] = []) {
    this.#likes = likes;
    this.#writes = [...writes];
  }

  put(text: string): void {
    this.text += text;
  }

  async weigh(texts: readonly string[]): Promise<readonly number[]> {
    this.weighed.push(texts);
    return texts.map((text) => Math.log(this.#likes.includes(text.trim()) ? 0.8 : 0.1));
  }

  async write(_grammar: string, _closed: (text: string) => boolean, limit: number) {
    const text = this.#writes.shift() ?? "";
    const whole = text.length <= limit;
    const written = whole ? text : text.slice(0, limit);
    this.text += written;
    return { text: written, logp: Math.log(0.5), tokens: written.length, whole };
  }
}

function schemaOf(properties: { [name: string]: JsonSchema }, required = Object.keys(properties)): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

test("the host writes all punctuation and what stands there is the JSON of the value", async () => {
  const pen = new ScriptedPen(["refund", "true", "4", ","], ["Anna", "12"]);
  const schema = schemaOf({
    kind: { enum: ["question", "refund"] },
    urgent: { type: "boolean" },
    stars: { type: "integer", minimum: 1, maximum: 5 },
    name: { type: "string" },
    chairs: { type: "integer" },
    tags: { type: "array", items: { enum: ["a", "refund"] }, minItems: 1, maxItems: 2 },
    inner: schemaOf({ fixed: { const: "x" } }),
  });
  const filled = await fillFields(schema, "some text", 100, pen);
  const value = {
    kind: "refund",
    urgent: true,
    stars: 4,
    name: "Anna",
    chairs: 12,
    tags: ["refund", "refund"],
    inner: { fixed: "x" },
  };
  expect(filled.value).toEqual(value);
  expect(JSON.parse(pen.text)).toEqual(value);
  expect(filled.fields).toMatchObject({
    kind: { how: "read", confidence: expect.closeTo(0.8 / 0.9, 9) },
    stars: { how: "read", confidence: expect.closeTo(0.8 / 1.2, 9) },
    name: { how: "generated", confidence: expect.closeTo(0.5, 9) },
    "tags[1]": { how: "read" },
  });
  // What the host wrote alone was no decision.
  expect(filled.fields).not.toHaveProperty("inner.fixed");
  expect(filled.truncated).toEqual([]);
});

test("a pattern is copied from the item, with the raw probability, and never from half a word", async () => {
  const pen = new ScriptedPen(["BB222222"]);
  const schema = schemaOf({ order: { type: "string", pattern: "^[A-Z]{2}\\d{6}$" } });
  const item = "not XAA111111, and not AA1111112: AA111111, AA111111 or BB222222?";
  const filled = await fillFields(schema, item, 20, pen);
  expect(pen.weighed).toEqual([["AA111111", "BB222222"]]);
  expect(filled).toMatchObject({
    value: { order: "BB222222" },
    fields: { order: { how: "copied", confidence: expect.closeTo(0.8, 9) } },
  });
});

test("a format is found, and what does not fit the pattern too is left out", async () => {
  const pen = new ScriptedPen(["2026-02-03"]);
  const schema = schemaOf({ day: { type: "string", format: "date", pattern: "^2026" } });
  await fillFields(schema, "on 2025-01-01, 2026-02-03, 2026-02-04 or 2026-99-99", 20, pen);
  expect(pen.weighed).toEqual([["2026-02-03", "2026-02-04"]]);
});

test("nothing fits: it is written by grammar, or refused where no grammar can hold it", async () => {
  const pen = new ScriptedPen([], ["CC333333"]);
  const filled = await fillFields(
    schemaOf({ order: { type: "string", pattern: "^[A-Z]{2}\\d{6}$" } }),
    "none",
    20,
    pen,
  );
  expect(filled).toMatchObject({ value: { order: "CC333333" }, fields: { order: { how: "generated" } } });
  const hard = schemaOf({ code: { type: "string", pattern: "^(?=.*x)\\w+$" } });
  await expect(fillFields(hard, "", 20, new ScriptedPen([]))).rejects.toMatchObject({ code: "E_NO_VALUE" });
});

test("an optional field that the model finds null is left out, a nullable one is null", async () => {
  const schema = schemaOf(
    { a: { type: "string" }, b: { anyOf: [{ type: "string" }, { type: "null" }] }, c: { type: "integer" } },
    ["b"],
  );
  const filled = await fillFields(schema, "", 20, new ScriptedPen(["null"]));
  expect(filled.value).toEqual({ b: null });
  const there = await fillFields(schema, "", 20, new ScriptedPen(['"'], ["x", "y", "3"]));
  expect(there.value).toEqual({ a: "x", b: "y", c: 3 });
});

test("the token limit bounds everything, and what it cut is named and has no confidence", async () => {
  const schema = schemaOf({ a: { type: "string" }, b: { type: "string" } });
  const filled = await fillFields(schema, "", 5, new ScriptedPen([], ["abcdefgh", "never"]));
  expect(filled).toMatchObject({ value: { a: "a", b: "neve" }, truncated: ["a", "b"], outputTokens: 5 });
  expect(filled.fields.a?.confidence).toBeNull();
  expect(filled.fields.b?.confidence).toBeNull();
});

test("a list ends at its limit, when the model ends it, and at the first repetition where items are unique", async () => {
  const list = (extra: object) => schemaOf({ list: { type: "array", items: { enum: ["a", "b"] }, ...extra } });
  const ended = await fillFields(list({}), "", 50, new ScriptedPen(["]"]));
  expect(ended.value).toEqual({ list: [] });
  const most = await fillFields(list({ maxItems: 3 }), "", 50, new ScriptedPen([",", "a", '"']));
  expect(most.value).toEqual({ list: ["a", "a", "a"] });
  const unique = await fillFields(list({ uniqueItems: true }), "", 50, new ScriptedPen([",", "a", '"']));
  expect(unique.value).toEqual({ list: ["a"] });
});

test("a key that JavaScript treats specially is a key like others", async () => {
  const schema = schemaOf({});
  Object.defineProperty(schema.properties, "__proto__", { value: { const: 1 }, enumerable: true });
  const filled = await fillFields({ ...schema, required: ["__proto__"] }, "", 5, new ScriptedPen([]));
  expect(Object.getPrototypeOf(filled.value)).toBe(Object.prototype);
  expect(Object.hasOwn(filled.value, "__proto__")).toBe(true);
});
