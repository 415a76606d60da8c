import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineTool, notFound, notFoundReason, type Tool } from "./tool.ts";

const fine = {
  name: "find_order",
  description: "d",
  effect: "read",
  input: z.object({ order: z.string() }),
  output: z.object({ cents: z.int() }),
  run: () => ({ cents: 1 }),
} as const;

describe("defineTool", () => {
  test("keeps the name as a literal and takes the argument type from the schema", () => {
    const tool = defineTool({
      ...fine,
      run: (args, context) => {
        expectTypeOf(args).toEqualTypeOf<{ order: string }>();
        expectTypeOf(context.key).toEqualTypeOf<string>();
        return { cents: 1 };
      },
    });
    expectTypeOf(tool.name).toEqualTypeOf<"find_order">();
    expectTypeOf(tool).toExtend<Tool>();
    // @ts-expect-error: the output schema wants cents
    defineTool({ ...fine, run: () => ({ pence: 1 }) });
  });

  test.each([
    ["a name with capitals", { name: "FindOrder" }, "E_TOOL_NAME"],
    ["an empty name", { name: "" }, "E_TOOL_NAME"],
    ["an unknown effect", { effect: "maybe" as "read" }, "E_TOOL_EFFECT"],
    ["a limit of nothing", { limits: { perRun: 0 } }, "E_TOOL_LIMIT"],
    ["a limit that is no number", { limits: { seconds: Number.NaN } }, "E_TOOL_LIMIT"],
    ["an input that is no object", { input: z.string() as never }, "E_SCHEMA"],
    ["an input that JSON Schema cannot say", { input: z.object({ at: z.date() }) as never }, "E_SCHEMA"],
  ])("refuses %s", (_, wrong, code) => {
    expect(() => defineTool({ ...fine, ...wrong })).toThrow(expect.objectContaining({ code }));
  });

  test("takes prerequisites as tools or with a condition", () => {
    const before = defineTool(fine);
    const match = (): boolean => true;
    const tool = defineTool({ ...fine, name: "refund", after: [before, { tool: before, match }] });
    expect(tool.after).toEqual([{ tool: before }, { tool: before, match }]);
  });
});

test("notFound carries its reason, and nothing else looks like it", () => {
  expect(notFoundReason(notFound("no order 7"))).toBe("no order 7");
  for (const other of [null, undefined, "x", {}, { kind: "not_found" }]) expect(notFoundReason(other)).toBeUndefined();
});
