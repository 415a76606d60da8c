import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parse, type Schema, toJsonSchema, withJsonSchema } from "./schema.ts";

/** A schema of no library: what any of them must look like. */
function handMade(validate: (value: unknown) => unknown): Schema {
  return { "~standard": { version: 1, vendor: "by hand", validate } } as StandardSchemaV1<unknown, unknown>;
}

describe("parse", () => {
  test("gives the value, transformed, or the first issue with its dotted path", () => {
    const schema = z.object({ lines: z.array(z.object({ n: z.coerce.number() })) });
    expect(parse(schema, { lines: [{ n: "1" }] })).toEqual({ ok: true, value: { lines: [{ n: 1 }] } });
    expect(parse(schema, { lines: [{ n: 1 }, { n: "x" }] })).toMatchObject({ ok: false, issue: { path: "lines.1.n" } });
    expect(parse(schema, 7)).toMatchObject({ ok: false, issue: { path: "" } });
  });

  test("waits only for a schema that is async", async () => {
    expect(parse(z.string(), "x")).not.toBeInstanceOf(Promise);
    const late = parse(
      handMade(async (value) => ({ value })),
      "x",
    );
    expect(late).toBeInstanceOf(Promise);
    expect(await late).toEqual({ ok: true, value: "x" });
  });

  test("turns a schema that throws, or rejects, into an issue", async () => {
    const broken = (): never => {
      throw new Error("no");
    };
    const issue = { ok: false, issue: { path: "", message: "the schema threw: no" } };
    expect(parse(handMade(broken), 1)).toEqual(issue);
    expect(
      await parse(
        handMade(async () => broken()),
        1,
      ),
    ).toEqual(issue);
  });
});

describe("toJsonSchema", () => {
  test("gives what the schema takes in, without the dialect", () => {
    const schema = z.object({ n: z.string().transform(Number) });
    expect(toJsonSchema(schema, "it")).toMatchObject({ type: "object", properties: { n: { type: "string" } } });
    expect(toJsonSchema(schema, "it")).not.toHaveProperty("$schema");
  });

  test("refuses what cannot be expressed, and says what it was", () => {
    expect(() => toJsonSchema(z.object({ d: z.date() }), "the input of tool x")).toThrow(
      /the input of tool x cannot be/,
    );
    expect(() =>
      toJsonSchema(
        handMade(() => 1),
        "it",
      ),
    ).toThrow(/by hand gives no JSON Schema/);
  });

  test("takes one that was attached", () => {
    const schema = withJsonSchema(
      handMade((value) => ({ value })),
      { type: "string" },
    );
    expect(toJsonSchema(schema, "it")).toEqual({ type: "string" });
  });
});
