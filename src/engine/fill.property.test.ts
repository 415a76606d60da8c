/** Whatever the schema and whatever the model: a filled value fits, or the fill is refused. Judged by ajv. */

import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PawlError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";
import { fillFields } from "./fill.ts";
import { RandomPen, schemas } from "./fill-schemas.contract.ts";
import { FORMATS } from "./formats.ts";
import { planOf } from "./plan.ts";

const REFUSALS = ["E_SCHEMA_UNSUPPORTED", "E_FILL_INVALID", "E_FILL_TRUNCATED", "E_NO_VALUE"];
const ITEM = "Written to anna@example.com on 2026-03-12 from 10.0.0.1, 4711.";

/** A judge that knows nothing of our check. */
function judge(schema: JsonSchema): (value: unknown) => boolean {
  const formats = Object.fromEntries(
    Object.entries(FORMATS).map(([name, shape]) => [name, new RegExp(`^(?:${shape})$`)]),
  );
  return new Ajv2020({ strict: false, logger: false, formats, multipleOfPrecision: 9 }).compile(schema);
}

function isSupported(schema: JsonSchema): boolean {
  try {
    return planOf(schema) !== null;
  } catch {
    return false;
  }
}

/** The filled value, or the code of the refusal. */
async function filledOr(schema: JsonSchema, random: () => number, maxTokens: number) {
  try {
    return { value: (await fillFields(schema, ITEM, maxTokens, new RandomPen(random))).value };
  } catch (thrown) {
    if (!(thrown instanceof PawlError)) throw thrown;
    return { refusal: thrown.code };
  }
}

test("every fill of every schema fits or is refused, however few tokens there are", async () => {
  const seeds = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(schemas, seeds, fc.integer({ min: 0, max: 64 }), async (schema, stream, maxTokens) => {
      const random = () => stream.next().value as number;
      const filled = await filledOr(schema, random, maxTokens);
      if ("refusal" in filled) expect(REFUSALS).toContain(filled.refusal);
      else expect(judge(schema)(filled.value), JSON.stringify(filled.value)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("200 schemas of our own, five fills each by a model that heeds no grammar: none breaks its schema, many fit", async () => {
  const counts: { [outcome: string]: number } = {};
  for (const [index, schema] of fc
    .sample(schemas, { numRuns: 2000, seed: 20 })
    .filter(isSupported)
    .slice(0, 200)
    .entries()) {
    const fits = judge(schema);
    for (let round = 0; round < 5; round++) {
      const filled = await filledOr(schema, numbers(index * 10 + round), 256);
      const outcome = "refusal" in filled ? filled.refusal : fits(filled.value) ? "fits" : "breaks";
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
  }
  expect(counts.breaks).toBeUndefined();
  expect(counts.fits).toBeGreaterThan(400);
});

test("negative control: a filler that ignores `pattern` is caught", async () => {
  const schema = (pattern: object) => ({
    type: "object",
    properties: { a: { type: "string", ...pattern } },
    required: ["a"],
  });
  const fits = judge(schema({ pattern: "^\\d{4}$" }));
  const filled = await filledOr(schema({}), numbers(3), 256);
  expect("value" in filled && fits(filled.value)).toBe(false);
});

/** The same numbers between 0 and 1 for the same seed. */
function numbers(seed: number): () => number {
  let state = seed * 7919 + 1;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
