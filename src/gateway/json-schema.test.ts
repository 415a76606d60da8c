/** Schemas and patterns of clients: none of them may keep the process from everybody else. */

import { describe, expect, test } from "vitest";
import { openGateway } from "../../test/support/gateway.ts";
import { parse } from "../core/schema.ts";
import { scripted } from "../rung/scripted.ts";
import { schemaOf } from "./json-schema.ts";

const route = "/v1/chat/completions";
const messages = [{ role: "user", content: "x" }];
const config = { ladder: [scripted({}, { name: "low" })] };
const asked = (schema: object): object => ({
  model: "m",
  messages,
  response_format: { type: "json_schema", json_schema: { name: "n", schema } },
});

/** Each of them is twice the next one. */
const doubling = {
  type: "object",
  properties: { a: { type: "string" }, b: { $ref: "#/$defs/a0" } },
  $defs: Object.fromEntries(
    Array.from({ length: 40 }, (_, number) => {
      const next = { $ref: `#/$defs/a${number + 1}` };
      return [`a${number}`, number === 39 ? { type: "string" } : { allOf: [next, next] }];
    }),
  ),
};
const runaway = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" }, b: { type: "string" } } };

describe("a client's schema", () => {
  test.each([
    ["unfolds without end", doubling, "unfolds to more than"],
    ["has a pattern that runs away", runaway, "may run away"],
    ["has such a pattern for names", { type: "object", patternProperties: { "(x+x+)+y": {} } }, "may run away"],
  ])("that %s is a 400 that says so", async (_, schema, why) => {
    await using world = await openGateway({ config });
    expect(await world.post(route, asked(schema))).toMatchObject({
      status: 400,
      body: { error: { code: "E_SCHEMA_REFUSED", message: expect.stringContaining(why) } },
    });
    const tool = { type: "function", function: { name: "f", parameters: schema } };
    expect(await world.post(route, { model: "m", messages, tools: [tool], tool_choice: "required" })).toMatchObject({
      status: 400,
      body: { error: { code: "E_SCHEMA_REFUSED" } },
    });
  });

  test("that is a circle of many branches is looked at for a moment only", async () => {
    await using world = await openGateway({ config });
    const circle = { anyOf: Array.from({ length: 50 }, () => ({ $ref: "#" })) };
    expect(await world.post(route, asked(circle))).toMatchObject({ status: 400 });
  });

  test("with everyday patterns and names for its parts is taken", async () => {
    const schema = {
      type: "object",
      properties: {
        mail: { type: "string", pattern: "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$" },
        slug: { type: "string", pattern: "^[a-z0-9]+(?:-[a-z0-9]+)*$" },
        next: { $ref: "#again" },
      },
      required: ["mail"],
      $defs: { again: { $anchor: "again", type: "object", properties: { next: { $ref: "#" } } } },
    };
    const made = schemaOf(schema);
    expect(await parse(made, { mail: "ana@example.org", slug: "a-b", next: {} })).toMatchObject({ ok: true });
    expect(await parse(made, { mail: "ana@example.org", slug: "a--b" })).toMatchObject({ ok: false });
    expect(await parse(made, { mail: "ana@example.org", next: { next: {} } })).toMatchObject({ ok: false });
  });
});

describe("a value that would take too long to check does not fit", () => {
  test("where the schema holds itself several times", async () => {
    const branch = { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] };
    const made = schemaOf({ anyOf: [...Array.from({ length: 10 }, () => branch), { const: 1 }] });
    const deep = (depth: number, last: number): unknown => (depth === 0 ? last : { a: deep(depth - 1, last) });
    expect(await parse(made, deep(2, 1))).toMatchObject({ ok: true });
    expect(await parse(made, deep(30, 2))).toMatchObject({
      ok: false,
      issue: { message: expect.stringContaining("too long to check") },
    });
  });

  test("where a pattern goes back and forth in a long text", async () => {
    const made = schemaOf({ type: "object", properties: { a: { type: "string", pattern: "^a*a*a*b$" } } });
    expect(await parse(made, { a: `${"a".repeat(50)}b` })).toMatchObject({ ok: true });
    expect(await parse(made, { a: "a".repeat(20_000) })).toMatchObject({
      ok: false,
      issue: { message: expect.stringContaining("too long to check") },
    });
  });
});
