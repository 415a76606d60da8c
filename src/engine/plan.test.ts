import { expect, test } from "vitest";
import { z } from "zod";
import { type JsonSchema, toJsonSchema } from "../core/schema.ts";
import { type ObjectPlan, planOf } from "./plan.ts";

function membersOf(schema: JsonSchema) {
  return (planOf(schema).plan as ObjectPlan).members;
}

/** The plan of a property for which this schema stands. */
function fieldOf(field: unknown, defs: object = {}) {
  return membersOf({ type: "object", properties: { field }, required: ["field"], $defs: defs })[0]!.plan;
}

test("the plan of what people write in zod", () => {
  const schema = toJsonSchema(
    z.object({
      order: z.string().regex(/^[A-Z]{2}\d{6}$/),
      kind: z.enum(["a", "b"]),
      stars: z.int().min(1).max(5),
      cents: z.int(),
      price: z.number().positive(),
      sure: z.boolean(),
      mail: z.email().nullable(),
      day: z.iso.date().optional(),
      tags: z.array(z.string()).max(3),
      who: z.object({ name: z.string().max(10) }),
      fixed: z.literal("x"),
    }),
    "test",
  );
  const byName = Object.fromEntries(membersOf(schema).map((member) => [member.name, member]));
  expect(byName.order?.plan).toMatchObject({ kind: "string", patterns: ["^[A-Z]{2}\\d{6}$"] });
  expect(byName.kind?.plan).toEqual({ kind: "among", values: ["a", "b"] });
  expect(byName.stars?.plan).toEqual({ kind: "among", values: [1, 2, 3, 4, 5] });
  expect(byName.cents?.plan).toMatchObject({ kind: "number", integer: true });
  expect(byName.price?.plan).toMatchObject({ kind: "number", integer: false, min: 0 });
  expect(byName.sure?.plan).toEqual({ kind: "among", values: [true, false] });
  expect(byName.mail?.plan).toMatchObject({
    kind: "union",
    plans: [{ values: [null] }, { kind: "string", format: "email" }],
  });
  expect(byName.day).toMatchObject({ required: false, plan: { kind: "string", format: "date" } });
  expect(byName.tags?.plan).toMatchObject({ kind: "array", max: 3 });
  expect(byName.who?.plan).toMatchObject({ kind: "object", members: [{ name: "name" }] });
  expect(byName.fixed?.plan).toEqual({ kind: "among", values: ["x"] });
});

test.each([
  ["pattern", { type: "string", pattern: "(" }],
  ["minLength", { type: "string", minLength: "3" }],
  ["unevaluatedProperties", { type: "object", unevaluatedProperties: false }],
  ["$dynamicRef", { $dynamicRef: "#x" }],
  ["$ref", { $ref: "https://example.com/x.json" }],
  ["$ref", { $ref: "#/$defs/nowhere" }],
  ["type", { type: "text" }],
  ["type", { allOf: [{ type: "string" }, { type: "number" }] }],
  ["maximum", { type: "integer", minimum: 3, maximum: 2 }],
  ["maxLength", { type: "string", minLength: 3, maxLength: 2 }],
  ["enum", { type: "string", enum: [1, 2] }],
  ["minProperties", { type: "object", additionalProperties: { type: "string" }, minProperties: 1 }],
  ["required", { type: "object", required: ["a"], propertyNames: { pattern: "^b" } }],
  ["required", { required: ["a"], not: { required: ["a"] } }],
  ["false", false],
])("%s is refused by name where nothing that can be filled fits", (keyword, field) => {
  const schema = { type: "object", properties: { field }, required: ["field"] };
  expect(() => planOf(schema)).toThrow(expect.objectContaining({ code: "E_SCHEMA_UNSUPPORTED", value: keyword }));
});

test("what is no object is refused, also as a branch", () => {
  expect(() => planOf({ type: "array", items: { type: "string" } })).toThrow(/only an object/);
  expect(planOf({ type: ["object", "null"], properties: { a: { const: 1 } } }).plan.kind).toBe("object");
});

test("schemas that hold together are one plan", () => {
  const words = { type: "string", maxLength: 9 };
  expect(fieldOf({ allOf: [{ $ref: "#/$defs/words" }, { minLength: 2 }], maxLength: 7 }, { words })).toMatchObject({
    kind: "string",
    min: 2,
    max: 7,
  });
  expect(fieldOf({ type: ["integer", "string"], enum: ["a", 1, null] })).toEqual({ kind: "among", values: ["a", 1] });
  expect(fieldOf({ enum: ["a", "bb"], minLength: 2 })).toEqual({ kind: "among", values: ["bb"] });
  expect(fieldOf({ type: "integer", minimum: 0, maximum: 100, multipleOf: 25 })).toMatchObject({
    values: [0, 25, 50, 75, 100],
  });
  expect(fieldOf({ type: "number", minimum: 0, exclusiveMinimum: true })).toMatchObject({ min: 0, above: true });
  expect(fieldOf({ type: "number", multipleOf: 0.01 })).toMatchObject({ digits: 2 });
});

test("a schema without a type is what its keywords are about, or any plain value", () => {
  expect(fieldOf({ minLength: 1 })).toMatchObject({ kind: "string" });
  expect(fieldOf({ properties: { a: { const: 1 } } })).toMatchObject({ kind: "object" });
  expect(fieldOf(true)).toMatchObject({
    kind: "union",
    plans: [{ values: [true, false] }, { kind: "string" }, { kind: "number" }],
  });
});

test("a property takes what its name, its pattern and the rest ask of it", () => {
  const members = membersOf({
    required: ["x_a", "other"],
    properties: { x_a: { type: "string" } },
    patternProperties: { "^x_": { minLength: 4 } },
    additionalProperties: { enum: ["only"] },
  });
  expect(members.map(({ plan }) => plan)).toMatchObject([{ kind: "string", min: 4 }, { values: ["only"] }]);
});

test("a list has its own plan for each fixed place and ends behind them where it must", () => {
  const list = { prefixItems: [{ type: "string" }, { const: 2 }], items: false, minItems: 2 };
  const plan = fieldOf(list);
  expect(plan).toMatchObject({ kind: "array", min: 2, max: 2 });
  expect(plan.kind === "array" && plan.item(1)).toEqual({ kind: "among", values: [2] });
  const items = { type: "string" };
  expect(fieldOf({ type: "array", items, maxItems: 100 })).toMatchObject({ capped: true, max: 32 });
  expect(fieldOf({ type: "array", items, maxItems: 5 })).toMatchObject({ capped: false, max: 5 });
});

test("a list may hold itself, and so may any JSON value", () => {
  const list = { type: "array", items: { $ref: "#/$defs/list" } };
  expect(fieldOf({ $ref: "#/$defs/list" }, { list })).toMatchObject({ kind: "array", min: 0, max: 32 });
  const json = { anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#/$defs/json" } }] };
  expect(fieldOf({ $ref: "#/$defs/json" }, { json })).toMatchObject({ kind: "union" });
  const item = { items: { $ref: "#/$defs/twice" }, minItems: 1 };
  const twice = { type: "array", allOf: [item, { ...item, items: { $ref: "#/$defs/twice" } }] };
  expect(() => fieldOf({ $ref: "#/$defs/twice" }, { twice })).toThrow(/\$ref/);
});

test("a property is forbidden where nothing but its being there is, else it is asked for", () => {
  const namesOf = (not: object) => membersOf({ properties: { a: {}, b: {} }, not }).map(({ name }) => name);
  expect(namesOf({ required: ["a"], type: "object", description: "no a" })).toEqual(["b"]);
  expect(namesOf({ anyOf: [{ required: ["a"] }, { required: ["b"] }] })).toEqual([]);
  expect(namesOf({ required: ["a"], properties: { a: { const: 1 } } })).toEqual(["a", "b"]);
  expect(namesOf({ required: ["a"], type: "string" })).toEqual(["a", "b"]);
  expect(namesOf({ anyOf: [{ required: ["a"] }], minProperties: 2 })).toEqual(["a", "b"]);
});

test("a format that is not known says something to people, and so does a keyword", () => {
  expect(fieldOf({ type: "string", format: "iban", example: "x" })).toMatchObject({ kind: "string", format: null });
});

test("a reference into the schema is followed, also in a circle that can be left", () => {
  expect(fieldOf({ $ref: "#/$defs/x" }, { x: { type: "boolean" } })).toEqual({ kind: "among", values: [true, false] });
  expect(membersOf({ properties: { next: { $ref: "#" } } })[0]?.plan).toMatchObject({ kind: "object" });
  const tree = { anyOf: [{ const: 0 }, { properties: { left: { $ref: "#/$defs/tree" } }, required: ["left"] }] };
  expect(fieldOf({ $ref: "#/$defs/tree" }, { tree })).toMatchObject({ kind: "union" });
  const endless = { properties: { next: { $ref: "#" } }, required: ["next"] };
  expect(() => planOf(endless)).toThrow(expect.objectContaining({ code: "E_SCHEMA_UNSUPPORTED", value: "$ref" }));
  expect(() => planOf({ $ref: "#" })).toThrow(expect.objectContaining({ code: "E_SCHEMA_UNSUPPORTED" }));
});
