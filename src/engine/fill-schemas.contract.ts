/** Schemas of our own, with every keyword that filling knows, and a model that answers at random. For tests. */

import fc from "fast-check";
import type { JsonSchema } from "../core/schema.ts";
import type { Form, Pen, Piece, Weighed } from "./pen.ts";

const small = fc.integer({ min: 0, max: 4 });
const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 });

/** A record of which any part may be missing. */
function some(parts: { readonly [keyword: string]: fc.Arbitrary<unknown> }): fc.Arbitrary<JsonSchema> {
  return fc.record(parts, { requiredKeys: [] });
}

function typed(type: string, parts: { readonly [keyword: string]: fc.Arbitrary<unknown> }): fc.Arbitrary<JsonSchema> {
  return some(parts).map((rest) => ({ type, ...rest }));
}

const { schema } = fc.letrec<{ schema: unknown; object: JsonSchema }>((tie) => {
  const inner = tie("schema");
  const several = fc.array(inner, { minLength: 1, maxLength: 3 });
  const named = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), inner, { maxKeys: 4 });
  const string = typed("string", {
    minLength: small,
    maxLength: fc.integer({ min: 3, max: 9 }),
    pattern: fc.constantFrom("^[a-z]+$", "^\\d{2,4}$", "x", "^(a|b)c?$", "^(?=.)\\w*$"),
    format: fc.constantFrom("date", "email", "uuid", "ipv4", "made-up"),
  });
  const bounds = { minimum: small, maximum: fc.integer({ min: 3, max: 90 }), exclusiveMinimum: small };
  const scalar = fc.oneof(
    string,
    typed("integer", { ...bounds, multipleOf: fc.constantFrom(1, 2, 5) }),
    typed("number", {
      ...bounds,
      exclusiveMaximum: fc.integer({ min: 5, max: 50 }),
      multipleOf: fc.constantFrom(0.5, 0.1),
    }),
    fc.constantFrom(
      { type: "boolean" },
      { type: "null" },
      { type: ["string", "null"] },
      { const: { deep: [1] } },
      true,
      {},
    ),
    fc
      .array(fc.constantFrom("a", "b", "c", 1, 2, null, true), { minLength: 1, maxLength: 5 })
      .map((values) => ({ enum: [...new Set(values)] })),
  );
  const array = typed("array", {
    items: inner,
    prefixItems: fc.array(inner, { minLength: 1, maxLength: 2 }),
    minItems: small,
    maxItems: small,
    uniqueItems: fc.boolean(),
    contains: inner,
    maxContains: small,
  });
  const object = typed("object", {
    properties: named,
    required: names,
    additionalProperties: fc.oneof(fc.boolean(), inner),
    patternProperties: fc.dictionary(fc.constantFrom("^a", "[bc]"), inner, { maxKeys: 2 }),
    propertyNames: fc.constantFrom({ maxLength: 3 }, { enum: ["a", "b"] }),
    minProperties: fc.integer({ min: 0, max: 2 }),
    maxProperties: small,
    dependentRequired: fc.dictionary(fc.constantFrom("a", "b"), names, { maxKeys: 2 }),
  });
  const combined = fc.oneof(
    several.map((anyOf) => ({ anyOf })),
    several.map((oneOf) => ({ oneOf })),
    several.map((allOf) => ({ allOf })),
    fc.tuple(object, several).map(([base, anyOf]) => ({ ...base, anyOf })),
    fc.tuple(scalar, scalar).map(([base, not]) => ({ allOf: [base], not })),
    fc.tuple(object, inner, inner, inner).map(([base, first, yes, no]) => ({
      ...base,
      if: first,
      // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema.
      then: yes,
      else: no,
    })),
    fc.constantFrom(...["#/$defs/again", "#", "#/$defs/list", "#/$defs/json"].map(($ref) => ({ $ref }))),
  );
  return {
    object,
    schema: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, object, array, combined),
  };
});

/** Schemas that hold themselves in ways that chance seldom draws: lists of such lists, any JSON value. */
const HOLDING = {
  list: { type: "array", items: { $ref: "#/$defs/list" } },
  json: {
    anyOf: [
      { type: ["string", "number", "boolean", "null"] },
      { type: "array", items: { $ref: "#/$defs/json" } },
      { type: "object", additionalProperties: { $ref: "#/$defs/json" } },
    ],
  },
};

/** Object schemas, some of which no value fits. */
export const schemas: fc.Arbitrary<JsonSchema> = fc
  .tuple(fc.dictionary(fc.constantFrom("a", "b", "c", "d"), schema, { minKeys: 1, maxKeys: 4 }), names, schema)
  .map(([properties, required, again]) => ({ type: "object", properties, required, $defs: { again, ...HOLDING } }));

const TEXTS = ["", "x", "ab", "abc", "12", "2026", "ac", "bc", "a longer text", "\\u00e9", '\\"', "Zz9_"];
const NUMBERS = ["0", "1", "2", "3.5", "4", "10", "27", "-3", "40.1", "999"];

/** Weighs by chance and writes anything at all, whole or cut short: whatever comes out is up to filling. */
export class RandomPen implements Pen {
  readonly room: number;
  text = "";
  readonly #random: () => number;

  constructor(random: () => number, room = 4000) {
    this.#random = random;
    this.room = room;
  }

  put(text: string): void {
    this.text += text;
  }

  async weigh(texts: readonly string[]): Promise<Weighed> {
    const logp = texts.map(() => Math.log(Math.max(1e-9, this.#random()) / texts.length));
    return { logp, exact: texts.map(() => true), unread: 0 };
  }

  async write(form: Form, limit: number): Promise<Piece> {
    const all = form.closes("1,") ? NUMBERS : TEXTS;
    const text = all[Math.floor(this.#random() * all.length)]!;
    const tokens = Math.min(limit, text.length + 1);
    this.text += text.slice(0, tokens);
    return { text: text.slice(0, tokens), logp: Math.log(0.5), tokens, whole: tokens > text.length };
  }
}
