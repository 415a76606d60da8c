import { expect, test } from "vitest";
import { z } from "zod";
import { toJsonSchema } from "../core/schema.ts";
import { planOf } from "./plan.ts";

function planOfZod(schema: z.ZodType) {
  return planOf(toJsonSchema(schema, "test"));
}

test("the plan of what people write in zod", () => {
  const plan = planOfZod(
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
  );
  const byName = Object.fromEntries(plan.members.map((member) => [member.name, member]));
  expect(byName.order?.plan).toMatchObject({ kind: "string", patterns: ["^[A-Z]{2}\\d{6}$"] });
  expect(byName.kind?.plan).toEqual({ kind: "among", values: ["a", "b"] });
  expect(byName.stars?.plan).toEqual({ kind: "among", values: [1, 2, 3, 4, 5] });
  expect(byName.cents?.plan).toMatchObject({ kind: "number", integer: true });
  expect(byName.price?.plan).toMatchObject({ kind: "number", integer: false, min: 0 });
  expect(byName.sure?.plan).toEqual({ kind: "among", values: [true, false] });
  expect(byName.mail?.plan).toMatchObject({ kind: "nullable", plan: { kind: "string", format: "email" } });
  expect(byName.day).toMatchObject({ required: false, plan: { kind: "string", format: "date" } });
  expect(byName.tags?.plan).toMatchObject({ kind: "array", max: 3 });
  expect(byName.who?.plan).toMatchObject({ kind: "object", members: [{ name: "name", plan: { max: 10 } }] });
  expect(byName.fixed?.plan).toEqual({ kind: "among", values: ["x"] });
});

test.each([
  ["multipleOf", { type: "integer", multipleOf: 5 }],
  ["format", { type: "string", format: "iban" }],
  ["pattern", { type: "string", pattern: "(" }],
  ["allOf", { allOf: [{ type: "string" }] }],
  ["not", { type: "string", not: { const: "x" } }],
  ["anyOf", { anyOf: [{ type: "string" }, { type: "number" }] }],
  ["prefixItems", { type: "array", items: { type: "string" }, prefixItems: [] }],
  ["contains", { type: "array", items: { type: "string" }, contains: {} }],
  ["patternProperties", { type: "object", properties: { a: { type: "string" } }, patternProperties: {} }],
  ["additionalProperties", { type: "object", additionalProperties: { type: "string" } }],
  ["type", {}],
  ["type", { type: ["string", "number"] }],
  ["maxLength", { enum: ["a"], maxLength: 3 }],
  ["maximum", { type: "integer", minimum: 3, maximum: 2 }],
  ["$ref", { $ref: "https://example.com/x.json" }],
])("%s is refused by name, not ignored", (keyword, field) => {
  const schema = { type: "object", properties: { field }, required: ["field"] };
  expect(() => planOf(schema)).toThrow(expect.objectContaining({ code: "E_SCHEMA_UNSUPPORTED", value: keyword }));
});

test("a reference into the schema is followed, an endless one refused", () => {
  const plan = planOf({ type: "object", properties: { a: { $ref: "#/$defs/x" } }, $defs: { x: { type: "boolean" } } });
  expect(plan.members[0]?.plan).toEqual({ kind: "among", values: [true, false] });
  const endless = { type: "object", properties: { next: { $ref: "#" } } };
  expect(() => planOf(endless)).toThrow(expect.objectContaining({ code: "E_SCHEMA_UNSUPPORTED" }));
});

test("a keyword beside a reference is refused, and a list that is filled only in part says so", () => {
  const schema = {
    type: "object",
    properties: { a: { $ref: "#/$defs/t", minLength: 3 } },
    required: ["a"],
    $defs: { t: { type: "string" } },
  };
  expect(() => planOf(schema)).toThrow(/minLength/);
  const described = { ...schema, properties: { a: { $ref: "#/$defs/t", description: "a text" } } };
  expect(planOf(described).members[0]?.plan.kind).toBe("string");
  const list = (maxItems: number) =>
    planOf({
      type: "object",
      properties: { l: { type: "array", items: { type: "string" }, maxItems } },
      required: ["l"],
    });
  expect(list(100).members[0]?.plan).toMatchObject({ capped: true, max: 32 });
  expect(list(5).members[0]?.plan).toMatchObject({ capped: false, max: 5 });
});
