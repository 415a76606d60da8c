import { expect, test } from "vitest";
import type { JsonSchema } from "../core/schema.ts";
import { fillFields } from "./fill.ts";
import type { Form, Pen, Weighed } from "./pen.ts";
import { type ScoreOptions, scorePaths } from "./trie.ts";

/** A model that likes the texts of `likes` and writes those of `writes`, one after the other. */
class ScriptedPen implements Pen {
  readonly room = 10_000;
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

  async weigh(texts: readonly string[], _lead?: string, _how?: ScoreOptions): Promise<Weighed> {
    this.weighed.push(texts);
    const liked = texts.map((text) => this.#likes.includes(text.trim()));
    const logp = liked.map((is) => Math.log(is ? 0.8 : 0.2 / texts.length));
    return { logp, exact: texts.map(() => true), unread: 0 };
  }

  async write(_form: Form, limit: number) {
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
    stars: { how: "read", confidence: expect.closeTo(0.8 / 0.96, 9) },
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

test("a list ends at its limit, when the model ends it, and when nothing is left where items are unique", async () => {
  const list = (extra: object) => schemaOf({ list: { type: "array", items: { enum: ["a", "b"] }, ...extra } });
  const ended = await fillFields(list({}), "", 50, new ScriptedPen(["]"]));
  expect(ended.value).toEqual({ list: [] });
  const most = await fillFields(list({ maxItems: 3 }), "", 50, new ScriptedPen([",", "a", '"']));
  expect(most.value).toEqual({ list: ["a", "a", "a"] });
  const unique = await fillFields(list({ uniqueItems: true }), "", 50, new ScriptedPen([",", "a", '"']));
  expect(unique.value).toEqual({ list: ["a", "b"] });
});

test("a key that JavaScript treats specially is a key like others", async () => {
  const schema = schemaOf({});
  Object.defineProperty(schema.properties, "__proto__", { value: { const: 1 }, enumerable: true });
  const filled = await fillFields({ ...schema, required: ["__proto__"] }, "", 5, new ScriptedPen([]));
  expect(Object.getPrototypeOf(filled.value)).toBe(Object.prototype);
  expect(Object.hasOwn(filled.value, "__proto__")).toBe(true);
});

test("a date is chosen among those the item names in any spelling, and copied as ISO writes it", async () => {
  const pen = new ScriptedPen(["2026-12-03"]);
  const schema = schemaOf({ day: { type: "string", format: "date" } });
  const filled = await fillFields(schema, "not on March 12th, 2026 but on 3/12/2026", 20, pen);
  expect(pen.weighed).toEqual([["2026-03-12", "2026-12-03"]]);
  expect(filled).toMatchObject({ value: { day: "2026-12-03" }, fields: { day: { how: "copied" } } });
});

test("a pattern that ordinary words fit is not looked for: it would find any words", async () => {
  const pen = new ScriptedPen([], ["anna"]);
  await fillFields(schemaOf({ name: { type: "string", pattern: "^[a-z]+$" } }), "my name is anna", 20, pen);
  expect(pen.weighed).toEqual([]);
});

test("the branch of a union is told by how it begins: by its type, by a fixed value, by a key of its own", async () => {
  const circle = schemaOf({ size: { type: "integer" }, kind: { const: "circle" } });
  const square = schemaOf({ side: { type: "integer" }, kind: { const: "square" } });
  const shape = schemaOf({ shape: { anyOf: [{ type: "string" }, circle, square] } });
  const drawn = new ScriptedPen(["{", '"kind": "square"'], ["4"]);
  const filled = await fillFields(shape, "", 50, drawn);
  expect(filled.value).toEqual({ shape: { kind: "square", side: 4 } });
  expect(filled.fields.shape).toMatchObject({ how: "read" });
  expect(JSON.parse(drawn.text)).toEqual(filled.value);
  expect((await fillFields(shape, "", 50, new ScriptedPen(['"'], ["round"]))).value).toEqual({ shape: "round" });
  const key = (name: string) => ({ type: "object", properties: { [name]: { type: "string" } }, required: [name] });
  const either = { oneOf: [key("mail"), key("phone")] };
  const phoned = await fillFields(either, "", 50, new ScriptedPen(['"phone":'], ["123"]));
  expect(phoned.value).toEqual({ phone: "123" });
});

test("of fixed values that may be left out, one read says both whether and which, and what is left out is not written", async () => {
  const pen = new ScriptedPen(["null", '"b"']);
  const schema = schemaOf({ x: { type: "string" }, y: { enum: ["a", "b"] } }, []);
  const filled = await fillFields(schema, "", 50, pen);
  expect(filled.value).toEqual({});
  const chosen = await fillFields(schema, "", 50, new ScriptedPen(['"b"', "nothing"], ["text"]));
  expect(chosen.value).toMatchObject({ y: "b" });
  expect(pen.weighed).toHaveLength(2);
  expect(pen.text).toBe(" {}");
});

test("a schema that contains itself is filled to a depth, and what did not fit there is named", async () => {
  const schema = { type: "object", properties: { next: { $ref: "#" } } };
  const filled = await fillFields(schema, "", 100, new ScriptedPen(["{"]));
  expect(JSON.stringify(filled.value).match(/next/g)).toHaveLength(8);
  expect(filled.truncated).toEqual(["next.next.next.next.next.next.next.next.next"]);
});

test("what planning cannot hold to is checked afterwards, and refused with its path and keyword", async () => {
  const even = schemaOf({ inner: schemaOf({ n: { type: "integer", multipleOf: 2 } }) });
  expect((await fillFields(even, "", 50, new ScriptedPen([], ["4"]))).value).toEqual({ inner: { n: 4 } });
  await expect(fillFields(even, "", 50, new ScriptedPen([], ["5"]))).rejects.toMatchObject({
    code: "E_FILL_INVALID",
    value: { path: "inner.n", keyword: "multipleOf" },
  });
  const long = schemaOf({ text: { type: "string", minLength: 20 } });
  await expect(fillFields(long, "", 5, new ScriptedPen([], ["a text of many letters"]))).rejects.toMatchObject({
    code: "E_FILL_TRUNCATED",
    value: { path: "text", keyword: "minLength" },
  });
});

test("optional fields are left out where required ones need what is left of the tokens", async () => {
  const schema = schemaOf({ a: { type: "string" }, b: { type: "string" } }, ["b"]);
  const filled = await fillFields(schema, "", 12, new ScriptedPen(['"'], ["bbb"]));
  expect(filled).toMatchObject({ value: { b: "bbb" }, truncated: ["a"] });
});

test("fields that need each other come together, and no more and no fewer of them than are asked for", async () => {
  const fields = { a: { const: 1 }, b: { const: 2 }, c: { const: 3 } };
  const needs = { ...schemaOf(fields, []), dependentRequired: { a: ["b"] }, maxProperties: 2 };
  expect((await fillFields(needs, "", 50, new ScriptedPen(["1", "3"]))).value).toEqual({ a: 1, b: 2 });
  const some = { ...schemaOf(fields, []), minProperties: 2 };
  expect((await fillFields(some, "", 50, new ScriptedPen(["null"]))).value).toEqual({ b: 2, c: 3 });
});

test("a property that is needed for the number's sake and asks for itself without an end is refused", async () => {
  const inner = { type: "object", properties: { d: { $ref: "#" }, a: { enum: ["a"] } }, minProperties: 2 };
  const schema = { type: "object", properties: { d: inner }, required: ["d"] };
  const pen = new ScriptedPen([]);
  await expect(fillFields(schema, "x", 64, pen)).rejects.toMatchObject({ code: "E_SCHEMA_UNSUPPORTED" });
  expect(pen.weighed).toEqual([]);
});

test("deep down the number of properties is made up by those that need least", async () => {
  const node = { type: "object", properties: { a: { const: 1 }, next: { $ref: "#" } }, minProperties: 1 };
  const filled = await fillFields(node, "x", 64, new ScriptedPen(["null", "{"]));
  expect(JSON.stringify(filled.value)).toBe(`${'{"next":'.repeat(8)}{"a":1}${"}".repeat(8)}`);
});

/** Probabilities of the next token behind a text. */
type Mind = { readonly [before: string]: { readonly [token: string]: number } };

/** A model whose tokens are a space, a digit, or anything else as a whole; nothing else comes to its mind. */
class TokenPen extends ScriptedPen {
  readonly #mind: Mind;

  constructor(mind: Mind, writes: readonly string[] = []) {
    super([], writes);
    this.#mind = mind;
  }

  override async weigh(texts: readonly string[], _lead?: string, how?: ScoreOptions): Promise<Weighed> {
    const tokens: string[] = [];
    const idOf = (token: string) => (tokens.includes(token) ? tokens.indexOf(token) : tokens.push(token) - 1);
    const paths = texts.map((text) => (text.match(/^ (?=\d)|\d|.+/g) ?? []).map(idOf));
    const textOf = (path: readonly number[]) => path.map((id) => tokens[id]).join("");
    return await scorePaths(
      paths,
      async ({ path, after }) =>
        after.map((asked, depth) =>
          asked.map((id) => Math.log(this.#mind[textOf(path.slice(0, depth))]?.[tokens[id]!] ?? 1e-6)),
        ),
      how,
    );
  }
}

test("numbers that begin with the same token weigh no more than that token", async () => {
  const digits = Object.fromEntries([..."0123456789"].map((digit) => [digit, 0.1]));
  const mind = { "": { " ": 0.2, " null": 0.7, " 7": 0.1 }, " ": digits };
  const optional = schemaOf({ n: { type: "integer", minimum: 0 } }, []);
  const left = await fillFields(optional, "", 20, new TokenPen(mind, ["7"]));
  expect(left).toMatchObject({ value: {}, fields: { n: { confidence: expect.closeTo(0.7 / 0.9, 3), how: "read" } } });
  const union = schemaOf({ n: { type: ["integer", "null"] } });
  expect((await fillFields(union, "", 20, new TokenPen(mind, ["7"]))).value).toEqual({ n: null });
  // No beginning of a number alone is as likely as null, but all of them together are likelier.
  const torn = { "": { " null": 0.3, " -": 0.28, " ": 0.29, ' "': 0.1 }, " ": digits };
  const three = schemaOf({ n: { type: ["integer", "string", "null"] } });
  const number = await fillFields(three, "", 20, new TokenPen(torn, ["7"]));
  expect(number).toMatchObject({ value: { n: 7 }, fields: { n: { confidence: 0.5 } } });
});

test("values that are left unread weigh together what their branch weighs", async () => {
  const pen = new TokenPen({ "": { " 1": 0.01, " ": 0.01, " true": 0.9 } });
  const filled = await fillFields(schemaOf({ n: { enum: [true, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9] } }), "", 20, pen);
  expect(filled).toMatchObject({ value: { n: true }, fields: { n: { confidence: expect.closeTo(0.9 / 0.91, 3) } } });
});

test("a value is no surer than the decision that led to it: which branch, present or null, one item more", async () => {
  const sure = { logp: Math.log(0.97), tokens: 1, whole: true };
  class Torn extends ScriptedPen {
    override async write() {
      return { ...sure, text: "5" };
    }
  }
  const either = schemaOf({ n: { anyOf: [{ type: "integer" }, { type: "string" }] } });
  const torn = await fillFields(either, "", 20, new Torn([]));
  expect(torn.fields.n).toEqual({ confidence: expect.closeTo(11 / 12, 9), how: "generated" });
  const maybe = await fillFields(schemaOf({ a: { type: "string" } }, []), "", 20, new Torn(['"', "null"]));
  expect(maybe.value).toEqual({});
  const there = await fillFields(schemaOf({ a: { type: "string" } }, []), "", 20, new Torn(['"']));
  expect(there.fields.a).toEqual({ confidence: expect.closeTo(0.8 / 0.9, 9), how: "generated" });
  const list = schemaOf({ list: { type: "array", items: { type: "string" }, maxItems: 2 } });
  const two = await fillFields(list, "", 20, new Torn(['"']));
  expect(two.fields).toEqual({
    "list[0]": { confidence: expect.closeTo(0.8 / 0.9, 9), how: "generated" },
    list: { confidence: expect.closeTo(0.5, 9), how: "read" },
  });
});
