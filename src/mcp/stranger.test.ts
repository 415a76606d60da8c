/** Texts and schemas of strangers. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "../core/schema.ts";
import { schemaTrouble } from "../core/schema-trouble.ts";
import { pawlName } from "./listed-tool.ts";
import { nearestName } from "./nearest-name.ts";
import { clientPackage, orInstall } from "./packages.ts";
import { strangerSchema } from "./stranger-schema.ts";
import { strangerText } from "./stranger-text.ts";

describe("a stranger's text", () => {
  test("holds nothing that commands a terminal or cannot be seen, and is as short as asked", () => {
    // The library's own strings of any sign take it seconds to make.
    const sign = fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 0x10ffff }));
    const signs = fc.array(sign, { maxLength: 100 }).map((codes) => String.fromCodePoint(...codes));
    const property = fc.property(signs, fc.integer({ min: 1, max: 60 }), (text, most) => {
      const cleaned = strangerText(text, most);
      return [...cleaned].length <= most && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(cleaned);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("is left alone where it is harmless", () => {
    expect(strangerText("Größe: 5 m²,\n na und? 你好", 100)).toBe("Größe: 5 m², na und? 你好");
    expect(strangerText(undefined, 10)).toBe("");
    expect(strangerText("abcdef", 4)).toBe("abc…");
  });
});

describe("a stranger's schema", () => {
  test.each([
    [{ type: "object", properties: { a: { pattern: "(" } } }, "a pattern that is none"],
    [{ type: "object", properties: { a: { pattern: "^[a-z]+\\_$" } } }, "a pattern that is none"],
    [{ type: "object", properties: { a: { pattern: "^(a+)+$" } } }, "may run away"],
    [{ type: "object", properties: { a: { $ref: "#/$defs/b" } } }, "not there"],
    [{ type: "object", properties: { a: { $dynamicRef: "#b" } } }, "$dynamicRef"],
    [JSON.parse('{"type":"object","properties":{"__proto__":{}}}'), "__proto__"],
    [{ type: "object", description: "x".repeat(60_000) }, "more than 50000 characters"],
    [Array.from({ length: 60 }).reduce((inner) => ({ not: inner }), {}), "levels deep"],
    [true, "no schema"],
  ])("%# is refused: %s", (schema, why) => {
    expect(schemaTrouble(schema)).toContain(why);
  });

  test("that leads back to itself is fine, and ends", async () => {
    const node = { type: "object", properties: { next: { $ref: "#/$defs/node" } }, additionalProperties: false };
    const schema = { type: "object", properties: { first: { $ref: "#/$defs/node" } }, $defs: { node } };
    expect(schemaTrouble(schema)).toBeNull();
    const made = strangerSchema(schema, await clientPackage());
    expect(await parse(made, { first: { next: { next: {} } } })).toMatchObject({ ok: true });
    expect(await parse(made, { first: { next: { other: 1 } } })).toMatchObject({ ok: false });
  });

  test("is not answered for by another one of the same $id", async () => {
    const parts = await clientPackage();
    const lax = strangerSchema({ $id: "urn:x", type: "object" }, parts);
    const strict = strangerSchema({ $id: "urn:x", type: "object", required: ["a"] }, parts);
    expect(await parse(lax, {})).toMatchObject({ ok: true });
    expect(await parse(strict, {})).toMatchObject({ ok: false });
  });

  const branch = { type: "object", properties: { a: { $ref: "#/$defs/node" } }, required: ["a"] };
  const deep = Array.from({ length: 40 }).reduce((inner) => ({ a: inner }), 1);
  test.each([
    [
      "a pattern that a long text keeps busy",
      { type: "object", properties: { mail: { type: "string", pattern: "^\\S+@\\S+\\.\\S+$" } } },
      { mail: "ana@example.org" },
      { mail: `a@${".".repeat(60_000)} ` },
    ],
    [
      "branches that lead back to themselves",
      { type: "object", properties: { n: { $ref: "#/$defs/node" } }, $defs: { node: { anyOf: [branch, branch] } } },
      {},
      { n: deep },
    ],
    [
      "lists that are compared again and again",
      { type: "object", properties: { n: { allOf: Array.from({ length: 2000 }, () => ({ uniqueItems: true })) } } },
      { n: [1] },
      { n: Array.from({ length: 5000 }, (_, index) => index) },
    ],
  ])("with %s is not worked on for ever", async (_, schema, good, slow) => {
    expect(schemaTrouble(schema)).toBeNull();
    const made = strangerSchema(schema, await clientPackage());
    expect(await parse(made, good)).toMatchObject({ ok: true });
    expect(await parse(made, slow)).toMatchObject({ ok: false, issue: { message: "it takes too long to check" } });
  });

  test("that names a type which is none lets nothing through", async () => {
    const made = strangerSchema({ type: "object", properties: { a: { type: "strnig" } } }, await clientPackage());
    expect(await parse(made, { a: "x" })).toMatchObject({ ok: false });
  });
});

test("names: as people write them in Pawl, or none; the nearest is told", () => {
  expect(["readFile", "get-sum", "a.b/c", "HTTPGet"].map((name) => pawlName(name, ""))).toEqual([
    "read_file",
    "get_sum",
    "a_b_c",
    "httpget",
  ]);
  expect(() => pawlName("7up", "")).toThrow("give a prefix");
  expect(nearestName("read_grph", ["write_graph", "read_graph"])).toBe("read_graph");
  expect(nearestName("x", [])).toBeUndefined();
});

test("a package that is not installed is told with the command that installs it", async () => {
  const missing = Object.assign(new Error("Cannot find package '@scope/none'"), { code: "ERR_MODULE_NOT_FOUND" });
  await expect(orInstall("@scope/none", Promise.reject(missing))).rejects.toMatchObject({
    code: "E_MCP_PACKAGE",
    message: expect.stringContaining("npm install @scope/none"),
  });
  const broken = orInstall("@scope/none", Promise.reject(new Error("bad build")));
  await expect(broken).rejects.toMatchObject({ message: expect.stringContaining("bad build") });
});
