import { describe, expect, test } from "vitest";
import type { JsonSchema } from "../core/schema.ts";
import { callShape, fieldsShape } from "./answer-shape.ts";
import { question } from "./asked.contract.ts";
import { isFields } from "./fields.ts";
import { embedded, withoutMore } from "./schema-form.ts";

const street = { type: "object", properties: { street: { type: "string" } } };
const closedStreet = { ...street, additionalProperties: false };

/** What a reference within the document points to. */
function at(reference: string, root: JsonSchema): unknown {
  const parts = reference.slice(1).split("/").slice(1);
  return parts.reduce<unknown>((inside, part) => (isFields(inside) ? inside[part] : undefined), root);
}

/** All references of a document, wherever they stand. */
function referencesIn(schema: JsonSchema): readonly string[] {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => reference!);
}

describe("a schema inside another", () => {
  test.each([
    ["a property", { properties: { home: street, work: { $ref: "#/properties/home" } } }, street],
    ["a list's items", { properties: { all: { items: street }, one: { $ref: "#/properties/all/items" } } }, street],
    ["a definition", { properties: { home: { $ref: "#/$defs/street" } }, $defs: { street } }, street],
    [
      "an older definition",
      { properties: { home: { $ref: "#/definitions/street" } }, definitions: { street } },
      street,
    ],
    [
      "a part of a definition",
      { properties: { a: { $ref: "#/$defs/b/properties/c" } }, $defs: { b: { properties: { c: street } } } },
      street,
    ],
    ["itself", { properties: { next: { $ref: "#" } } }, { properties: { next: { $ref: "#/$defs/tool0" } } }],
    [
      "a part with references",
      { properties: { a: { items: { $ref: "#/$defs/street" } }, b: { $ref: "#/properties/a" } }, $defs: { street } },
      { items: { $ref: "#/$defs/tool0_street" } },
    ],
  ])("keeps its references: to %s", (_, schema, target) => {
    const { inner, definitions } = embedded(schema, "tool0");
    const whole = { properties: { answer: inner }, $defs: definitions };
    const references = referencesIn(inner);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of [...references, ...referencesIn(definitions)]) expect(at(reference, whole)).toBeDefined();
    expect(at(references.at(-1)!, whole)).toEqual(target);
  });

  test("keeps them in fields with a way out, and in calls", () => {
    const fields = { type: "object", properties: { home: street, work: { $ref: "#/properties/home" } } };
    const tools = [{ name: "move", description: "", effect: "write" as const, input: fields }];
    for (const { schema } of [
      fieldsShape({ fields, otherwise: "not in the text" }),
      callShape(question({ verb: "pick", options: tools, tools })),
    ]) {
      const [reference, ...more] = referencesIn(schema);
      expect(at(reference!, schema)).toEqual(closedStreet);
      expect(more.every((other) => at(other, schema) !== undefined)).toBe(true);
    }
  });
});

describe("objects without more", () => {
  test("are closed wherever they are said by one schema alone", () => {
    const schema = {
      ...street,
      properties: {
        list: { items: street },
        either: { anyOf: [street, { type: "null" }] },
        wrapped: { description: "a house", allOf: [{ $ref: "#/$defs/street" }] },
        open: { ...street, additionalProperties: { type: "string" } },
      },
      $defs: { street },
    };
    expect(withoutMore(schema)).toEqual({
      ...schema,
      additionalProperties: false,
      properties: {
        ...schema.properties,
        list: { items: closedStreet },
        either: { anyOf: [closedStreet, { type: "null" }] },
      },
      $defs: { street: closedStreet },
    });
  });

  test.each([
    ["allOf", { allOf: [street, { properties: { town: {} } }] }],
    ["beside allOf", { ...street, allOf: [{ properties: { town: {} } }] }],
    ["anyOf beside properties", { ...street, anyOf: [{ properties: { town: {} } }, { properties: { zip: {} } }] }],
    ["not", { not: street }],
    ["if", { ...street, if: { properties: { street: { const: "" } } }, else: { properties: { town: {} } } }],
    ["dependentSchemas", { ...street, dependentSchemas: { street: { properties: { town: {} } } } }],
    ["unevaluatedProperties", { ...street, unevaluatedProperties: { type: "string" } }],
  ])("are not closed where that would change what is let in: %s", (_, inner) => {
    const schema = { type: "object", properties: { inner, other: street } };
    expect(withoutMore(schema)).toEqual({
      type: "object",
      properties: { inner, other: closedStreet },
      additionalProperties: false,
    });
  });

  test("are not closed where a combination refers to them", () => {
    const both = { allOf: [{ $ref: "#/$defs/street" }, { properties: { town: {} } }] };
    const extended = { $ref: "#/$defs/street", properties: { town: {} } };
    for (const inner of [both, extended]) {
      const schema = { type: "object", properties: { inner }, $defs: { street } };
      expect(withoutMore(schema)).toEqual(schema);
    }
  });
});
