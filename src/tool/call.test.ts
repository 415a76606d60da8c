import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Schema } from "../core/schema.ts";
import { callTool } from "./call.ts";
import { type CallContext, defineTool, notFound } from "./tool.ts";

function toolThat(run: (context: CallContext) => unknown, limits = {}, output: Schema = z.any()) {
  const define = { name: "t", description: "", effect: "read", input: z.object({}), output, limits } as const;
  return defineTool({ ...define, run: (_, context) => run(context) as never });
}
const running = (signal = new AbortController().signal) => ({ signal });
const call = (tool: ReturnType<typeof toolThat>, run = running()) => callTool(tool, {}, "r-1/x", run);
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("a call ends as a value when the tool", () => {
  test.each([
    ["returns", () => 1],
    ["returns later", async () => 1],
    // biome-ignore lint/suspicious/noThenProperty: what a query builder looks like
    ["returns a promise in all but name", () => ({ then: (resolve: (value: number) => void) => resolve(1) })],
  ])("%s", async (_, run) => {
    expect((await call(toolThat(run))).outcome).toEqual({ kind: "ok", value: 1 });
  });

  test.each([
    ["throws", () => Promise.reject(new Error("no"))],
    [
      "throws at once",
      () => {
        throw new Error("no");
      },
    ],
    [
      "throws a text",
      () => {
        throw "no";
      },
    ],
  ])("%s", async (_, run) => {
    expect((await call(toolThat(run))).outcome).toEqual({ kind: "failed", reason: "no" });
  });

  test("finds nothing, now or later", async () => {
    const outcome = { kind: "not_found", reason: "no order 7" };
    expect((await call(toolThat(() => notFound("no order 7")))).outcome).toEqual(outcome);
    expect((await call(toolThat(async () => notFound("no order 7")))).journaled).toEqual(outcome);
  });

  test("returns the wrong shape: named with its path", async () => {
    const tool = toolThat(() => ({ cents: "1" }), {}, z.object({ cents: z.int() }));
    const { outcome } = await call(tool);
    expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringContaining("wrong shape at cents") });
  });

  test.each([
    ["a big integer", () => ({ n: 1n })],
    [
      "a circle",
      () => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      },
    ],
  ])("returns %s, which is not JSON", async (_, run) => {
    const { outcome, journaled } = await call(toolThat(run));
    expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringContaining("not JSON") });
    expect(journaled).toBe(outcome);
  });

  test("returns something that only looks the same after JSON: read as a replay will read it", async () => {
    const raw = { at: new Date(0), gone: undefined };
    const kept = { at: "1970-01-01T00:00:00.000Z" };
    const { journaled, outcome } = await call(toolThat(() => raw, {}, z.object({ at: z.coerce.date() })));
    expect(journaled).toEqual({ kind: "ok", value: kept });
    expect(outcome).toEqual({ kind: "ok", value: { at: new Date(0) } });
    expect((await call(toolThat(() => raw, {}, z.object({ at: z.date() })))).outcome.kind).toBe("failed");
    expect((await call(toolThat(() => undefined))).journaled).toEqual({ kind: "ok", value: null });
  });
});

describe("a call that hangs", () => {
  test("is abandoned at its limit, with its signal aborted", async () => {
    let aborted: unknown;
    const tool = toolThat(
      ({ signal }) => {
        signal.addEventListener("abort", () => {
          aborted = signal.reason;
        });
        return new Promise(() => {});
      },
      { seconds: 0.02 },
    );
    expect((await call(tool)).outcome).toEqual({ kind: "timed_out", seconds: 0.02 });
    expect(aborted).toMatchObject({ message: "the call took more than 0.02 s" });
  });

  test("finds its signal aborted, also if it looks at it only afterwards", async () => {
    let found: boolean | undefined;
    const tool = toolThat(
      async (context) => {
        await wait(50);
        found = context.signal.aborted;
      },
      { seconds: 0.02 },
    );
    await call(tool);
    await wait(60);
    expect(found).toBe(true);
  });

  test("and fails later troubles nobody", async () => {
    const tool = toolThat(() => wait(30).then(() => Promise.reject(new Error("late"))), { seconds: 0.01 });
    expect((await call(tool)).outcome.kind).toBe("timed_out");
    await wait(40);
  });

  test("has as long as its author says, however long that is", async () => {
    for (const seconds of [1e9, Number.POSITIVE_INFINITY]) {
      expect((await call(toolThat(() => wait(10), { seconds }))).outcome.kind).toBe("ok");
    }
  });
});

test("a tool's signal aborts with the run, and is the same one each time", async () => {
  const controller = new AbortController();
  let signals: AbortSignal[] = [];
  const tool = toolThat((context) => {
    signals = [context.signal, context.signal];
    controller.abort();
    return 1;
  });
  await call(tool, running(controller.signal));
  expect(signals[0]).toBe(signals[1]);
  expect(signals[0]!.aborted).toBe(true);
});

test("a tool is given its key", async () => {
  expect((await call(toolThat(({ key }) => key))).outcome).toEqual({ kind: "ok", value: "r-1/x" });
});
