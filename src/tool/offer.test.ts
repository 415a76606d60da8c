import { describe, expect, test } from "vitest";
import { z } from "zod";
import { brokenPrerequisite, CallBook, offer, overLimit } from "./offer.ts";
import { type AnyTool, defineTool, type Prerequisite, type ToolLimits } from "./tool.ts";

function tool(name: string, more: { limits?: ToolLimits; after?: (AnyTool | Prerequisite)[]; effect?: "write" } = {}) {
  const input = z.object({ order: z.string(), note: z.string().optional() });
  return defineTool({ name, description: name, effect: "read", input, output: z.any(), run: () => 1, ...more });
}
const any = (): boolean => true;
const ok = { kind: "ok", value: 1 } as const;

function bookOf(...calls: [AnyTool, unknown?, ("ok" | "failed")?][]): CallBook {
  const book = new CallBook();
  for (const [called, args = {}, kind = "ok"] of calls) {
    book.started(called, false);
    book.ended(called, args, kind === "ok" ? ok : { kind: "failed", reason: "" });
  }
  return book;
}
const names = (tools: AnyTool[], run: CallBook, step = new CallBook(), reachable: (effect: string) => boolean = any) =>
  offer(tools, run, step, reachable).offered.map(({ name }) => name);

describe("a tool is offered", () => {
  test("until its limit in the run, or in the step, is reached; a failed call counts", () => {
    const find = tool("find", { limits: { perRun: 2, perStep: 1 } });
    expect(names([find], bookOf([find]))).toEqual(["find"]);
    expect(names([find], bookOf([find], [find, {}, "failed"]))).toEqual([]);
    const { withheld } = offer([find], bookOf([find]), bookOf([find]), any);
    expect(withheld).toEqual([{ tool: "find", reason: "called 1 times in this step, its limit" }]);
  });

  test("once its prerequisites succeeded", () => {
    const find = tool("find");
    const refund = tool("refund", { after: [find] });
    expect(offer([refund], bookOf([find, {}, "failed"]), new CallBook(), any).withheld).toEqual([
      { tool: "refund", reason: "find has not succeeded yet" },
    ]);
    expect(names([refund], bookOf([find, { order: "A" }]))).toEqual(["refund"]);
  });

  test("only where some rung may let its effect stand", () => {
    const write = tool("write", { effect: "write" });
    const { withheld } = offer([write], bookOf(), bookOf(), (effect) => effect !== "write");
    expect(withheld[0]?.reason).toBe("no rung of this ladder may let an write tool stand");
  });

  test("with the shared arguments narrowed to what its prerequisite succeeded for", () => {
    const find = tool("find");
    const refund = tool("refund", { after: [find] });
    const run = bookOf(
      [find, { order: "A" }],
      [find, { order: "B" }],
      [find, { order: "A" }],
      [find, { order: "C" }, "failed"],
    );
    const [offered] = offer([refund], run, new CallBook(), any).offered;
    expect(offered?.input.properties).toMatchObject({ order: { type: "string", enum: ["A", "B"] } });
    expect(refund.inputJson.properties).not.toHaveProperty("order.enum");
    const free = tool("free", { after: [{ tool: find, match: any }] });
    expect(offer([free], run, new CallBook(), any).offered[0]?.input.properties).not.toHaveProperty("order.enum");
  });
});

describe("a prerequisite", () => {
  const find = tool("find");
  const refund = tool("refund", { after: [find] });

  test("binds arguments of the same name, all of one call", () => {
    const run = bookOf([find, { order: "A", note: "x" }], [find, { order: "B", note: "y" }]);
    expect(brokenPrerequisite(refund, { order: "A", note: "x" }, run)).toBeNull();
    expect(brokenPrerequisite(refund, { order: "A", note: "y" }, run)).toMatchObject({ path: "order" });
    expect(brokenPrerequisite(refund, { order: "C", note: "x" }, run)).not.toBeNull();
    expect(brokenPrerequisite(refund, { order: "A" }, new CallBook())).not.toBeNull();
  });

  test("may be a condition of the author's; one that throws allows nothing", () => {
    const run = bookOf([find, { order: "A" }]);
    const match = (args: { order: string }, earlier: { order: string }): boolean => args.order > earlier.order;
    const after = tool("after", { after: [{ tool: find, match }] });
    expect(brokenPrerequisite(after, { order: "B" }, run)).toBeNull();
    expect(brokenPrerequisite(after, { order: "A" }, run)).not.toBeNull();
    const throws = (): never => {
      throw new Error("no");
    };
    const throwing = tool("throwing", { after: [{ tool: find, match: throws }] });
    expect(brokenPrerequisite(throwing, {}, run)?.message).toContain("is not known: no");
  });
});

test("a resumed run's limit counts what is on record, its offer what the loop has come to", () => {
  const find = tool("find", { limits: { perRun: 1 } });
  const book = new CallBook(new Map([["find", 1]]));
  expect([book.count(find), book.total(find)]).toEqual([0, 1]);
  book.started(find, true);
  expect([book.count(find), book.total(find)]).toEqual([1, 1]);
  expect(overLimit(find, 0, 0)).toBeNull();
  expect(overLimit(find, book.total(find), 0)).toEqual({
    by: "run limit",
    reason: "called 1 times in this run, its limit",
  });
});
