/** What a client asked of the hostile server, read from any of the formats. */

import type { Json } from "../core/json.ts";
import type { WireName } from "../wire/wire.ts";

/** Answers by rote: a raw value, or a function of what is asked. `undefined` is the first thing that fits. */
export type HostileScript = Json | ((asked: HostileAsked) => Json | undefined);

export interface HostileAsked {
  readonly wire: WireName;
  readonly path: string;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  readonly body: { readonly [key: string]: unknown };
  /** JSON schema of the answer; `null` where none was sent. */
  readonly schema: { readonly [key: string]: unknown } | null;
  /** Name of the tool that was offered; `null` where none was. */
  readonly tool: string | null;
  /** Of System One and Decisions. */
  readonly questions: readonly HostileQuestion[];
}

export interface HostileQuestion {
  readonly id: string;
  readonly type: string;
  /** What it may answer, in the question's order: options, levels, or `true` and `false`. */
  readonly options: readonly string[];
  /** The same as they were sent: a value of Decisions may be a boolean. */
  readonly values: readonly (string | boolean)[];
}

export const wireOfPath: { readonly [path: string]: WireName } = {
  "/v1/chat/completions": "chat",
  "/api/chat": "ollama",
  "/api/generate": "ollama",
  "/v1/messages": "messages",
  "/v1/systemone": "systemone",
  "/v1/decisions": "decisions",
};

type Part = { readonly [key: string]: unknown };

function part(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let at = value;
  for (const key of keys) at = typeof at === "object" && at !== null ? (at as Part)[key] : undefined;
  return at;
}

const object = (value: unknown): Part | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Part) : null;

/** Reads a request. What is not there is `null` or empty: the server answers all the same. */
export function askedOf(wire: WireName, path: string, headers: HostileAsked["headers"], body: Part): HostileAsked {
  const tool = part(body, "tools", 0, "function") ?? part(body, "tools", 0);
  const schema =
    part(body, "response_format", "json_schema", "schema") ??
    part(body, "output_config", "format", "schema") ??
    part(body, "output_format", "schema") ??
    body.format ??
    part(tool, "parameters") ??
    part(tool, "input_schema");
  const name = part(tool, "name");
  return {
    wire,
    path,
    headers,
    body,
    schema: object(schema),
    tool: typeof name === "string" ? name : null,
    questions: questionsOf(body),
  };
}

function questionsOf({ questions }: Part): readonly HostileQuestion[] {
  if (Array.isArray(questions)) {
    return questions.map((one: unknown, index) => {
      const choices = part(one, "choices") ?? part(one, "levels");
      const values = Array.isArray(choices)
        ? choices.map((choice: unknown) => typed(part(choice, "value") ?? part(choice, "label")))
        : [true, false];
      return { id: String(part(one, "name") ?? index), type: String(part(one, "type")), ...named(values) };
    });
  }
  return Object.entries(object(questions) ?? {}).map(([id, one]) => {
    const criteria = part(one, "criteria");
    const type = String(part(one, "type"));
    const levels = Array.isArray(criteria) ? criteria.map((_, index) => String(index)) : [];
    const values = type === "noul" ? [true, false] : type === "score" ? levels : Object.keys(object(criteria) ?? {});
    return { id, type, ...named(values) };
  });
}

const typed = (value: unknown): string | boolean => (typeof value === "boolean" ? value : String(value));

const named = (values: readonly (string | boolean)[]): Pick<HostileQuestion, "options" | "values"> => ({
  options: values.map(String),
  values,
});

/** The least value that fits a schema. */
export function fitting(schema: Part | null): Json {
  if (schema === null) return "yes";
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (Array.isArray(choices)) return choices[0] as Json;
  const branch: unknown = part(schema.anyOf ?? schema.oneOf, 0);
  if (branch !== undefined) return fitting(object(branch));
  if (schema.type === "object") {
    const members = Object.entries(object(schema.properties) ?? {});
    return Object.fromEntries(members.map(([key, member]) => [key, fitting(object(member))]));
  }
  if (schema.type === "integer" || schema.type === "number") return Number(schema.minimum ?? 0);
  if (schema.type === "boolean") return true;
  if (schema.type === "array") return [];
  if (schema.type === "null") return null;
  return "text";
}

/** The names that a schema lets an answer have, wherever they stand in it. */
export function optionsIn(schema: unknown): readonly string[] {
  const found = object(schema);
  if (found === null) return Array.isArray(schema) ? schema.flatMap(optionsIn) : [];
  if (Array.isArray(found.enum)) return found.enum.map(String);
  if (found.type === "boolean") return ["true", "false"];
  return [
    ...(found.const === undefined ? [] : [String(found.const)]),
    ...Object.values(found)
      .filter((value) => typeof value === "object")
      .flatMap(optionsIn),
  ];
}

/** A script's value as the schema wants it: put into the schema's only member where the script names just its value. */
export function shaped(value: Json, schema: Part | null): Json {
  const keys = Object.keys(object(schema?.properties) ?? {});
  const only = keys.length === 1 ? keys[0] : undefined;
  if (only === undefined) return value;
  const given = object(value);
  return given !== null && only in given ? value : { [only]: value };
}
