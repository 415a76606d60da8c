/**
 * What a JSON Schema asks of whoever fills it, as steps. A plan makes it likely that the value fits; `check.ts` has
 * the last word. Knows nothing of models.
 */

import { canonicalJson } from "../core/json.ts";
import type { JsonSchema } from "../core/schema.ts";
import { type Alternative, alternativesOf } from "./alternatives.ts";
import { boundsOf, Check, itemSchema, listOf, memberSchemas, numberOr } from "./check.ts";
import { knownFormat } from "./formats.ts";
import { below, isSchema, refuseUnsupported, typesOf, unsupported } from "./keywords.ts";
import { blocked } from "./least.ts";
import { References } from "./references.ts";

export type Plan =
  /** One of these JSON values, told apart by reading. A single one is written by the host. */
  | { readonly kind: "among"; readonly values: readonly unknown[] }
  | {
      readonly kind: "string";
      readonly patterns: readonly string[];
      readonly format: string | null;
      readonly min: number;
      readonly max: number | null;
    }
  | NumberPlan
  | {
      readonly kind: "array";
      /** The plan of the item at this place. */
      item(index: number): Plan;
      readonly min: number;
      readonly max: number;
      /** The author would have allowed more items than are ever filled. */
      readonly capped: boolean;
      readonly unique: boolean;
    }
  | ObjectPlan
  /** One of these, told apart by how they begin. */
  | { readonly kind: "union"; readonly plans: readonly Plan[] }
  /** No value fits. */
  | { readonly kind: "never"; readonly path: string; readonly keyword: string };

export interface NumberPlan {
  readonly kind: "number";
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  /** The bound itself is left out. */
  readonly above: boolean;
  readonly under: boolean;
  /** Most digits behind the point. */
  readonly digits: number;
}

export interface ObjectPlan {
  readonly kind: "object";
  readonly members: readonly Member[];
  /** Fewest and most properties. */
  readonly min: number;
  readonly max: number;
  /** Properties that must be there where this one is. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

export interface Member {
  readonly name: string;
  readonly required: boolean;
  /** Worked out when it is asked for: a schema may contain itself. */
  readonly plan: Plan;
}

export interface Planned {
  readonly plan: Plan;
  /** What a value of the plan breaks after all, or `null`. */
  faultOf(value: unknown): { readonly path: string; readonly keyword: string } | null;
}

/** Integers in a range of at most this many are read rather than written. */
const READABLE_RANGE = 32;
/** An array without `maxItems` ends here at the latest; so does one whose `maxItems` is larger. */
const MOST_ITEMS = 32;

const COMMENTS = ["title", "description", "$comment"];

const ABOUT: { readonly [type: string]: readonly string[] } = {
  object: ["properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"],
  array: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"],
  string: ["pattern", "minLength", "maxLength", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
};

/** The plan of an object schema. Throws a `UsageError` with code `E_SCHEMA_UNSUPPORTED` naming path and keyword. */
export function planOf(schema: JsonSchema): Planned {
  const references = new References(schema);
  refuseUnsupported(schema, references);
  const check = new Check(references);
  const plan = objectsOf(new Planner(references, check).plan([schema], ""));
  const block = blocked(plan);
  if (block) throw unsupported(block.path, block.keyword, "no value that can be filled fits");
  return { plan, faultOf: (value) => check.fault(schema, value, "") };
}

/** A question's fields and a tool's input have names: what is no object is no answer. */
function objectsOf(plan: Plan): Plan {
  if (plan.kind === "object" || plan.kind === "never") return plan;
  const plans = plan.kind === "union" ? plan.plans.filter(({ kind }) => kind === "object") : [];
  if (plans.length === 0) throw unsupported("", "type", "only an object can be filled");
  return plans.length === 1 ? plans[0]! : { kind: "union", plans };
}

class Planner {
  readonly #references: References;
  readonly #check: Check;
  /** By the identity of the schemas that hold together, so that a schema that contains itself has few plans. */
  readonly #plans = new Map<string, Plan>();
  readonly #numbers = new Map<unknown, number>();

  constructor(references: References, check: Check) {
    this.#references = references;
    this.#check = check;
  }

  /** The plan of a value for which all these schemas hold. */
  plan(all: readonly unknown[], path: string): Plan {
    const schemas = [...new Set(all)];
    const key = schemas.map((schema) => this.#numberOf(schema)).join();
    const known = this.#plans.get(key);
    if (known) return known;
    const alternatives = alternativesOf(schemas, this.#references, path);
    const plan = unionOf(
      alternatives.flatMap((each) => this.#branches(each, path)),
      path,
    );
    this.#plans.set(key, plan);
    return plan;
  }

  #numberOf(schema: unknown): number {
    const number = this.#numbers.get(schema) ?? this.#numbers.size;
    this.#numbers.set(schema, number);
    return number;
  }

  #branches(schemas: Alternative, path: string): Plan[] {
    const listed = schemas.flatMap((schema) =>
      "const" in schema ? [[schema.const]] : "enum" in schema ? [schema.enum] : [],
    );
    if (listed.length > 0) {
      const values = listOf(listed[0]).filter((value) => schemas.every((schema) => this.#check.fits(schema, value)));
      return values.length > 0 ? [{ kind: "among", values }] : [{ kind: "never", path, keyword: "enum" }];
    }
    const types = typesOfAll(schemas);
    return types.length > 0
      ? types.map((type) => this.#typed(type, schemas, path))
      : [{ kind: "never", path, keyword: "type" }];
  }

  #typed(type: string, schemas: Alternative, path: string): Plan {
    switch (type) {
      case "null":
        return this.#among([null], schemas, path);
      case "boolean":
        return this.#among([true, false], schemas, path);
      case "string":
        return stringPlan(schemas, path);
      case "array":
        return this.#array(schemas, path);
      case "object":
        return this.#object(schemas, path);
      default:
        return this.#number(type === "integer", schemas, path);
    }
  }

  #among(all: readonly unknown[], schemas: Alternative, path: string): Plan {
    const values = all.filter((value) => schemas.every((schema) => this.#check.fits(schema, value)));
    return values.length > 0 ? { kind: "among", values } : { kind: "never", path, keyword: "not" };
  }

  #number(integer: boolean, schemas: Alternative, path: string): Plan {
    const plan = numberPlan(integer, schemas);
    const step = integer ? Math.max(1, ...steps(schemas).filter(Number.isInteger)) : 1;
    const first = Math.ceil(plan.min / step);
    const count = Math.floor(plan.max / step) - first + 1;
    if (plan.min > plan.max || count < 1) return { kind: "never", path, keyword: "maximum" };
    if (!integer || count > READABLE_RANGE) return plan;
    return this.#among(
      Array.from({ length: count }, (_, index) => (first + index) * step),
      schemas,
      path,
    );
  }

  #array(schemas: Alternative, path: string): Plan {
    const min = Math.max(0, ...schemas.map((schema) => numberOr(schema.minItems, 0)));
    const allowed = Math.min(...schemas.map((schema) => numberOr(schema.maxItems, Infinity)));
    const item = (index: number) =>
      this.plan(schemas.map((schema) => itemSchema(schema, index)).filter(says), `${path}[]`);
    const fixed = Math.max(0, ...schemas.map((schema) => listOf(schema.prefixItems ?? schema.items).length));
    // Where nothing may stand behind the last fixed place, the array ends there. Not planned: a list may hold itself.
    const isClosed = schemas.some((schema) => itemSchema(schema, fixed) === false);
    const max = Math.min(Math.max(MOST_ITEMS, min), allowed, isClosed ? fixed : Infinity);
    if (min > max) return { kind: "never", path, keyword: "minItems" };
    const unique = schemas.some((schema) => schema.uniqueItems === true);
    return { kind: "array", item, min, max, capped: allowed > max && max >= MOST_ITEMS, unique };
  }

  #object(schemas: Alternative, path: string): Plan {
    const required = new Set(schemas.flatMap((schema) => listOf(schema.required)).map(String));
    const forbidden = new Set(schemas.flatMap((schema) => forbiddenBy(schema.not)));
    const named = schemas.flatMap((schema) => Object.keys(schema.properties ?? {}));
    const names = [...new Set([...named, ...required])].filter((name) =>
      schemas.every((schema) => this.#check.fits(schema.propertyNames ?? true, name)),
    );
    const lost = [...required].find((name) => forbidden.has(name) || !names.includes(name));
    if (lost !== undefined) return { kind: "never", path, keyword: "required" };
    const planner = this;
    const members = names
      .filter((name) => !forbidden.has(name))
      .map((name): Member => {
        const inner = schemas.flatMap((schema) => memberSchemas(schema, name)).filter(says);
        return {
          name,
          required: required.has(name),
          get plan() {
            return planner.plan(inner, below(path, name));
          },
        };
      });
    const min = Math.max(0, ...schemas.map((schema) => numberOr(schema.minProperties, 0)));
    const max = Math.min(...schemas.map((schema) => numberOr(schema.maxProperties, Infinity)));
    // A record's own keys are nowhere in the schema, and nobody can read them off a question.
    if (min > members.length) return { kind: "never", path, keyword: "minProperties" };
    if (max < required.size) return { kind: "never", path, keyword: "maxProperties" };
    return { kind: "object", members, min, max, needs: needsOf(schemas) };
  }
}

/** Whether a schema says anything at all; `true` does not. */
function says(schema: unknown): boolean {
  return schema !== true;
}

/** The types that all schemas allow; where none names one, those that their keywords are about, or any plain value. */
function typesOfAll(schemas: Alternative): string[] {
  const named = schemas.map(typesOf).filter((types) => types !== null);
  if (named.length > 0) {
    const widened = named.map((types) => (types.includes("number") ? [...types, "integer"] : types));
    const common = [...new Set(named.flat())].filter((type) => widened.every((types) => types.includes(type)));
    return common.includes("number") ? common.filter((type) => type !== "integer") : common;
  }
  const meant = Object.keys(ABOUT).filter((type) =>
    schemas.some((schema) => ABOUT[type]!.some((key) => key in schema)),
  );
  return meant.length > 0 ? meant : ["string", "number", "boolean"];
}

function stringPlan(schemas: Alternative, path: string): Plan {
  const min = Math.max(0, ...schemas.map((schema) => numberOr(schema.minLength, 0)));
  const max = Math.min(...schemas.map((schema) => numberOr(schema.maxLength, Infinity)));
  if (min > max) return { kind: "never", path, keyword: "maxLength" };
  return {
    kind: "string",
    patterns: [...new Set(schemas.flatMap(({ pattern }) => (pattern === undefined ? [] : [String(pattern)])))],
    format: schemas.map(({ format }) => knownFormat(format)).find((format) => format !== null) ?? null,
    min,
    max: Number.isFinite(max) ? max : null,
  };
}

function numberPlan(integer: boolean, schemas: Alternative): NumberPlan {
  const bounds = schemas.map(boundsOf);
  const min = Math.max(...bounds.map((bound) => bound.min));
  const max = Math.min(...bounds.map((bound) => bound.max));
  const above = bounds.some((bound) => bound.above && bound.min === min);
  const under = bounds.some((bound) => bound.under && bound.max === max);
  if (integer) {
    return {
      kind: "number",
      integer,
      min: above ? Math.floor(min) + 1 : Math.ceil(min),
      max: under ? Math.ceil(max) - 1 : Math.floor(max),
      above: false,
      under: false,
      digits: 0,
    };
  }
  const digits = Math.min(6, ...steps(schemas).map((step) => String(step).split(".")[1]?.length ?? 0));
  return { kind: "number", integer, min, max, above, under, digits };
}

function steps(schemas: Alternative): number[] {
  return schemas.flatMap(({ multipleOf }) => (typeof multipleOf === "number" ? [multipleOf] : []));
}

/** The properties that `not` forbids, where it says `{ required: [name] }` and nothing else, or any of such. */
function forbiddenBy(not: unknown): readonly string[] {
  if (!isSchema(not)) return [];
  const branches = saysOnly(not, ["anyOf"]) ? listOf(not.anyOf) : [not];
  return branches.flatMap((each) => {
    if (!isSchema(each) || !saysOnly(each, ["required", "type"])) return [];
    const isOfObjects = typesOf(each)?.includes("object") ?? true;
    return isOfObjects && listOf(each.required).length === 1 ? listOf(each.required).map(String) : [];
  });
}

function saysOnly(schema: JsonSchema, keywords: readonly string[]): boolean {
  return Object.keys(schema).every((key) => [...keywords, ...COMMENTS].includes(key));
}

function needsOf(schemas: Alternative): Map<string, readonly string[]> {
  const needs = new Map<string, readonly string[]>();
  for (const schema of schemas) {
    for (const [name, asked] of Object.entries({
      ...(schema.dependencies as object),
      ...(schema.dependentRequired as object),
    })) {
      if (Array.isArray(asked)) needs.set(name, [...(needs.get(name) ?? []), ...asked.map(String)]);
    }
  }
  return needs;
}

/** One plan for all branches, fixed values together. */
function unionOf(branches: readonly Plan[], path: string): Plan {
  const possible = branches.filter((plan) => plan.kind !== "never");
  const values = new Map<string, unknown>();
  for (const plan of possible)
    if (plan.kind === "among") for (const value of plan.values) values.set(canonicalJson(value), value);
  const others = possible.filter((plan) => plan.kind !== "among");
  const fixed: Plan[] = values.size > 0 ? [{ kind: "among", values: [...values.values()] }] : [];
  const plans = [...fixed, ...others];
  if (plans.length === 0) return branches[0] ?? { kind: "never", path, keyword: "false" };
  return plans.length === 1 ? plans[0]! : { kind: "union", plans };
}
