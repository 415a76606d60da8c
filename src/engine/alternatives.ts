/**
 * A schema as a choice among lists: the schemas of one list all hold together and have nothing left that combines
 * (`$ref`, `allOf`, `anyOf`, `oneOf`, `if`). What a list cannot say, such as that only one branch of a `oneOf` may
 * fit, is left to the check afterwards.
 */

import type { JsonSchema } from "../core/schema.ts";
import { listOf } from "./check.ts";
import { isSchema, unsupported } from "./keywords.ts";
import type { References } from "./references.ts";

/** More branches than this are nothing that a read could tell apart. */
const MOST_ALTERNATIVES = 512;

export type Alternative = readonly JsonSchema[];

/** Every way in which all of `schemas` can hold; none where they cannot. */
export function alternativesOf(schemas: readonly unknown[], references: References, path: string): Alternative[] {
  return all(schemas);

  function all(each: readonly unknown[]): Alternative[] {
    return each.reduce<Alternative[]>((sofar, schema) => product(sofar, one(schema)), [[]]);
  }

  function one(schema: unknown): Alternative[] {
    if (schema === true) return [[]];
    if (!isSchema(schema)) return [];
    const { $ref: reference, allOf, anyOf, oneOf, if: condition, then: yes = true, else: no = true, ...plain } = schema;
    const parts: Alternative[][] = [[Object.keys(plain).length > 0 ? [plain] : []]];
    if (reference !== undefined) parts.push(one(references.find(reference, path)));
    if (allOf !== undefined) parts.push(all(listOf(allOf)));
    for (const branches of [anyOf, oneOf]) {
      if (branches !== undefined) parts.push(listOf(branches).flatMap(one));
    }
    if (condition !== undefined) parts.push([...all([condition, yes]), ...one(no)]);
    return parts.reduce(product);
  }

  function product(left: readonly Alternative[], right: readonly Alternative[]): Alternative[] {
    if (left.length * right.length > MOST_ALTERNATIVES)
      throw unsupported(path, "anyOf", `more than ${MOST_ALTERNATIVES} branches`);
    return left.flatMap((one) => right.map((other) => [...one, ...other]));
  }
}
