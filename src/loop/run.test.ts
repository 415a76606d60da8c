import { describe, expect, test } from "vitest";
import { z } from "zod";
import { countingTool, loopOf } from "../../test/support/loops.ts";
import { bench, outcomeOf, outputAndReplay, outputOf } from "../../test/support/run-loop.ts";
import type { StepAnswered, ToolCalled } from "../core/event.ts";
import { noUsage } from "../core/usage.ts";
import { rules } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";
import { defineTool, notFound } from "../tool/tool.ts";
import { defineLoop } from "./loop.ts";
import type { Step } from "./step-types.ts";
import { calls, turns } from "./stop.ts";

const about = "text";
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const yes = scripted(() => "yes");
const judge = (step: Step, name: string | [string, number]) => step.judge(name, { about, ask: "?" });

describe("step.loop", () => {
  const a = countingTool("a");
  const b = countingTool("b");
  /** A model that makes these calls, one a turn; `null` is the end. */
  const model = (...said: ([string, number] | string)[]) =>
    scripted(({ path }) => {
      const next = said[Number(path.split("/").at(-1)) - 1];
      return Array.isArray(next) ? { tool: next[0], args: { n: next[1] } } : next;
    });
  const looped = (spec: object) => loopOf((step) => step.loop("go", { about, tools: [a, b], ...spec }));

  test("makes one call a turn until a rule holds, under the turn's own key", async () => {
    a.executed.length = 0;
    const started = bench(looped({ until: calls(b) }), [model(["a", 1], ["a", 2], ["b", 3])]);
    expect(await outputAndReplay(started)).toMatchObject({
      ended: "until",
      tool: "b",
      outcome: { kind: "ok", value: { n: 3 } },
      turns: [{ tool: "a" }, { tool: "a" }, { tool: "b" }],
    });
    expect(a.executed.map(({ key }) => key)).toEqual(["memory00-1/go/1", "memory00-1/go/2"]);
    expect(await outputAndReplay(bench(looped({ until: turns(1) }), [model(["a", 1])]))).toMatchObject({
      ended: "until",
    });
  });

  test("ends when the model says so, by a name that the author may change or forbid", async () => {
    expect(await outputAndReplay(bench(looped({}), [model(["a", 1], "finish")]))).toMatchObject({ ended: "finished" });
    const named = bench(looped({ finish: "enough" }), [model("enough")]);
    expect(await outputAndReplay(named)).toMatchObject({ ended: "finished", tool: null, outcome: null });
    for (const forbidden of [{ until: calls(b) }, { finish: false }]) {
      expect((await bench(looped(forbidden), [model("finish")]).go()).kind).toBe("waiting");
    }
  });

  test("ends at its limit, and where there is nothing to offer", async () => {
    const many = [model(["a", 1], ["a", 2], ["a", 3])];
    expect(await outputAndReplay(bench(looped({ limits: { steps: 2 } }), many))).toMatchObject({ ended: "limit" });
    const once = countingTool("once", "read", { limits: { perRun: 1 } });
    const loop = loopOf((step) => step.loop("go", { about, tools: [once], finish: false }));
    expect(await outputAndReplay(bench(loop, [model(["once", 1])]))).toMatchObject({ ended: "nothing to do" });
  });

  test("stops the same call with the same arguments, in any order of the keys", async () => {
    const two = countingTool("two", "read", { input: z.object({ n: z.int(), m: z.int().optional() }) as never });
    const script = scripted({
      "go/1": { tool: "two", args: { n: 1, m: 2 } },
      "go/2": { tool: "two", args: { m: 2, n: 1 } },
    });
    const loop = loopOf((step) => step.loop("go", { about, tools: [two] }));
    expect(await outputAndReplay(bench(loop, [script]))).toMatchObject({
      ended: "repeated",
      outcome: { kind: "refused", by: "repeated" },
    });
    expect(two.executed).toHaveLength(1);
  });

  test("lets a failed call be tried again, but not one that found nothing", async () => {
    let tries = 0;
    const flaky = countingTool("flaky", "read", {
      run: () => {
        if (++tries < 3) throw new Error("down");
        return 1;
      },
    });
    const loop = loopOf((step) => step.loop("go", { about, tools: [flaky], until: calls(flaky) }));
    const again = [model(["flaky", 1], ["flaky", 1], ["flaky", 1])];
    expect(await outputAndReplay(bench(loop, again))).toMatchObject({ ended: "until", turns: { length: 3 } });
    const none = countingTool("none", "read", { run: () => notFound("nothing") });
    const empty = loopOf((step) => step.loop("go", { about, tools: [none], until: calls(none) }));
    const output = await outputAndReplay(bench(empty, [model(["none", 1], ["none", 1])]));
    expect(output).toMatchObject({ ended: "repeated", turns: [{ outcome: { kind: "not_found" } }, {}] });
  });

  test("tries a call that timed out again under the key it had: it may have happened", async () => {
    let tries = 0;
    const slow = countingTool("slow", "write", {
      limits: { seconds: 0.02 },
      run: () => (++tries < 3 ? new Promise(() => {}) : 1),
    });
    const loop = loopOf((step) => step.loop("go", { about, tools: [slow], until: calls(slow) }));
    const again = [model(["slow", 1], ["slow", 1], ["slow", 1])];
    expect(await outputAndReplay(bench(loop, again))).toMatchObject({ ended: "until", turns: { length: 3 } });
    expect(new Set(slow.executed.map(({ key }) => key))).toEqual(new Set(["memory00-1/go/1"]));
  });

  test("tells the model what was done so far", async () => {
    const texts: string[] = [];
    const script = scripted((question) => {
      texts.push(question.about);
      return texts.length === 1 ? { tool: "a", args: { n: 1 } } : "finish";
    });
    await bench(looped({}), [script]).go();
    expect(texts).toEqual(["text", 'text\n\nDone so far:\na({"n":1}): {"n":1}']);
  });

  test("offers a tool once its prerequisite succeeded, for the same arguments only", async () => {
    const pay = countingTool("pay", "write", { after: [a] });
    const loop = loopOf((step) => step.loop("go", { about, tools: [a, pay], until: calls(pay) }));
    const early = bench(loop, [model(["pay", 1])]);
    expect((await early.go()).kind).toBe("waiting");
    expect(early.events[0]).toMatchObject({ trail: [{ fault: "unknown_tool" }, {}] });
    const other = bench(loop, [model(["a", 1], ["pay", 2])]);
    expect((await other.go()).kind).toBe("waiting");
    expect(other.events.at(-1)).toMatchObject({ trail: [{ fault: "invalid_arguments" }, {}] });
    expect(await outputAndReplay(bench(loop, [model(["a", 1], ["pay", 1])]))).toMatchObject({ ended: "until" });
    expect(pay.executed.map(({ n }) => n)).toEqual([1]);
  });

  test("reads arguments on resume as its schema read them at first", async () => {
    const text = defineTool({
      name: "text",
      description: "",
      effect: "read",
      input: z.object({ s: z.string().toUpperCase() }),
      output: z.any(),
      run: ({ s }) => s,
    });
    const then = defineTool({ ...text, name: "then", after: [text] });
    const loop = loopOf(async (step) => {
      await step.call("first", text, { s: "ab" });
      await step.ask("ok", { about, ask: "Go on?" });
      return step.call("second", then, { s: "AB" });
    });
    const started = bench(loop, []);
    await started.go();
    await started.answer("ok", "yes");
    expect(await outputAndReplay(started)).toEqual({ kind: "ok", value: "AB" });
  });
});

describe("a limit is a defined end: ", () => {
  test("steps", async () => {
    const loop = loopOf(
      async (step) => {
        for (let i = 0; i < 5; i++) await judge(step, ["s", i]);
      },
      { steps: 3 },
    );
    const started = bench(loop, [yes]);
    const limit = { kind: "limit", limit: "steps", allowed: 3, path: "s/3" };
    expect(outcomeOf(await started.go())).toEqual(limit);
    expect(started.run).toMatchObject({ status: "limit", outcome: limit });
    expect(await started.replay()).toEqual({ kind: "ended", outcome: limit });
  });

  test("steps, also across a resume", async () => {
    const loop = loopOf(
      async (step) => {
        await judge(step, "a");
        await step.ask("b", { about, ask: "?" });
        await step.all("c", [(branch) => judge(branch, "x"), (branch) => judge(branch, "y")]);
      },
      { steps: 3 },
    );
    const started = bench(loop, [yes]);
    await started.go();
    await started.answer("b", "x");
    expect(outcomeOf(await started.go())).toMatchObject({ limit: "steps", path: "c/1/y" });
    expect(await started.replay()).toMatchObject({ outcome: { limit: "steps" } });
  });

  test("seconds, at the timer and between steps", async () => {
    const slow = scripted(() => wait(60).then(() => "yes"));
    const loop = loopOf((step) => step.all("x", [(one) => judge(one, "s"), (two) => judge(two, "s")]), {
      seconds: 0.03,
    });
    const started = bench(loop, [slow]);
    const limit = { kind: "limit", limit: "seconds", allowed: 0.03, path: "x/1/s" };
    expect(outcomeOf(await started.go())).toEqual(limit);
    await wait(50);
    expect(started.events.map(({ type }) => type)).toEqual(["run_ended"]);
    expect(await started.replay()).toEqual({ kind: "ended", outcome: limit });
  });

  test("seconds, those used before a resume included", async () => {
    const slow = scripted(() => wait(40).then(() => "yes"), { acceptAt: 0.5 });
    const loop = loopOf(
      async (step) => {
        await judge(step, "a");
        await step.ask("b", { about, ask: "?" });
        await judge(step, "c");
      },
      { seconds: 0.06 },
    );
    const started = bench(loop, [slow]);
    await started.go();
    await started.answer("b", "x");
    expect(outcomeOf(await started.go())).toMatchObject({ limit: "seconds", path: "c" });
  });

  test("spend: a rung that could pass it is not asked", async () => {
    let asked = 0;
    const paid = scripted(
      () => {
        asked++;
        return "yes";
      },
      { cost: 0.4 },
    );
    const loop = loopOf(
      async (step) => {
        for (let i = 0; i < 5; i++) await judge(step, ["s", i]);
      },
      { spend: 1 },
    );
    const started = bench(loop, [paid]);
    const limit = { kind: "limit", limit: "spend", allowed: 1, path: "s/2" };
    expect(outcomeOf(await started.go())).toEqual(limit);
    expect(asked).toBe(2);
    expect(await started.replay()).toEqual({ kind: "ended", outcome: limit });
  });

  test("spend, side by side: what a branch may still cost is set aside", async () => {
    let asked = 0;
    const count = (): string => {
      asked++;
      return "yes";
    };
    const paid = scripted(() => wait(5).then(count), { cost: 0.4 });
    const branch = (step: Step) => judge(step, "s");
    const loop = loopOf((step) => step.all("x", [branch, branch, branch, branch]), { spend: 1 });
    expect(outcomeOf(await bench(loop, [paid]).go())).toMatchObject({ limit: "spend" });
    await wait(20);
    expect(asked).toBe(2);
  });

  test("spend, counting what an unsure rung cost before a person was asked", async () => {
    const unsure = scripted(() => "yes", { cost: 0.6, confidence: 0.1 });
    const loop = loopOf(
      async (step) => {
        await judge(step, "a");
        await judge(step, "b");
      },
      { spend: 1 },
    );
    const started = bench(loop, [unsure]);
    await started.go();
    await started.answer("a", "yes");
    expect(outcomeOf(await started.go())).toMatchObject({ limit: "spend", path: "b" });
  });

  test("spend: a rung without a price is refused, and so is a reply without one", async () => {
    const loop = loopOf(async (step) => (await judge(step, "s")).rung, { spend: 1 });
    const unpriced = scripted(() => "yes", { name: "unpriced", cost: null });
    const started = bench(loop, [unpriced, yes]);
    expect(await outputAndReplay(started)).toBe("scripted");
    expect((started.events[0] as StepAnswered).trail[0]?.reason).toContain("no price is known");
    const sly = { ...unpriced, name: "sly", mostCost: 0 };
    expect(await outputAndReplay(bench(loop, [sly, yes]))).toBe("scripted");
    const free = loopOf(async (step) => (await judge(step, "s")).rung);
    expect(await outputAndReplay(bench(free, [unpriced]))).toBe("unpriced");
  });

  test.each([
    ["is not in its reply", () => ({ kind: "escalated", reason: "no", usage: { ...noUsage, cost: null } }) as const],
    [
      "went down with it",
      () => {
        throw new Error("gone");
      },
    ],
  ])("spend: what %s counts as the most that it can have been, also once the run goes on", async (_, decide) => {
    let asked = 0;
    const paid: Rung = {
      name: "paid",
      local: false,
      mostCost: 0.4,
      acceptAt: 0.5,
      decide: () => {
        asked++;
        return decide();
      },
    };
    const loop = loopOf(
      async (step) => {
        for (let i = 0; i < 5; i++) await judge(step, ["s", i]);
      },
      { spend: 1 },
    );
    const started = bench(loop, [paid]);
    for (const path of ["s/0", "s/1"]) {
      await started.go();
      await started.answer(path, "yes");
    }
    expect(outcomeOf(await started.go())).toMatchObject({ limit: "spend", path: "s/2" });
    expect(asked).toBe(2);
  });

  test("calls of a tool per run, also side by side and after a crash", async () => {
    const once = countingTool("once", "write", { limits: { perRun: 1 }, run: () => wait(5).then(() => 1) });
    const branch = (step: Step) => step.call("c", once, { n: 1 });
    const loop = loopOf((step) => step.all("x", [branch, branch]));
    const started = bench(loop, []);
    const output = await outputAndReplay(started);
    expect(output).toMatchObject([{ kind: "ok" }, { kind: "refused", by: "run limit" }]);
    expect(once.executed).toHaveLength(1);

    // The second branch had made its call when the process died; the first had not begun.
    const died = bench(loop, []);
    const { number } = (await died.journal.begin({ loop: "test", version: "1", item: "item", content: "c", input: {} }))
      .run;
    const args = { n: 1 };
    await died.journal.append(number, { type: "tool_started", path: "x/1/c", tool: "once", args, key: "k" });
    await died.journal.release(number);
    expect(outputOf(await died.go())).toMatchObject([{ by: "run limit" }, { kind: "ok" }]);
    expect(once.executed.slice(1)).toEqual([{ n: 1, key: "memory00-1/x/1/c" }]);
  });

  test("calls of a tool per step.loop", async () => {
    const tool = countingTool("tool", "read", { limits: { perStep: 1 } });
    const model = scripted(({ path }) => ({ tool: "tool", args: { n: Number(path.split("/")[1]) } }));
    const loop = loopOf(async (step) => {
      const spec = { about, tools: [tool], finish: false } as const;
      return [(await step.loop("one", spec)).turns.length, (await step.loop("two", spec)).turns.length];
    });
    expect(await outputAndReplay(bench(loop, [model]))).toEqual([1, 1]);
  });
});

describe("a run that waits", () => {
  test("parks once for two people, and goes on after both", async () => {
    const ask = (step: Step) => step.ask("q", { about, ask: "?" }).then(({ value }) => value);
    const loop = loopOf((step) => step.all("x", { ann: ask, bob: ask, model: (branch) => judge(branch, "m") }));
    const started = bench(loop, [yes]);
    expect(await started.go()).toEqual({ kind: "waiting", paths: ["x/ann/q", "x/bob/q"] });
    expect(await started.replay()).toEqual({ kind: "waiting", paths: ["x/ann/q", "x/bob/q"] });
    await started.answer("x/bob/q", "b");
    expect(await started.go()).toEqual({ kind: "waiting", paths: ["x/ann/q"] });
    await started.answer("x/ann/q", "a");
    expect(await outputAndReplay(started)).toMatchObject({ ann: "a", bob: "b", model: { value: true } });
    const asked = started.events.filter(({ type }) => type === "step_waiting");
    expect(asked).toHaveLength(2);
  });

  test("lets the other branches go on first", async () => {
    let now = 0;
    const tool = countingTool("slow", "write", { run: () => wait(10).then(() => 1) });
    const loop = loopOf((step) =>
      step.all("x", {
        ask: (branch) => branch.ask("q", { about, ask: "?" }).then(({ value }) => value),
        sleep: (branch) => branch.sleep("z", 60).then(() => "slept"),
        work: async (branch) => {
          await branch.call("one", tool, { n: 1 });
          return branch.call("two", tool, { n: 2 });
        },
      }),
    );
    const started = bench(loop, [], { now: () => now });
    const asleep = { kind: "sleeping", wakes: 60_000, paths: ["x/ask/q"] };
    expect(await started.go()).toEqual(asleep);
    expect(tool.executed.map(({ n }) => n)).toEqual([1, 2]);
    expect(await started.replay()).toEqual(asleep);
    expect([...started.journal.waiting()]).toHaveLength(1);
    await started.answer("x/ask/q", "a");
    expect(await started.go()).toEqual({ ...asleep, paths: [] });
    now = 60_000;
    expect(await outputAndReplay(started)).toMatchObject({ ask: "a", sleep: "slept", work: { kind: "ok" } });
    expect(tool.executed).toHaveLength(2);
  });

  test("asks again when the question changed meanwhile, or when the answer does not fit it", async () => {
    const asking = (options: string[]) =>
      loopOf(async (step) => (await step.ask("q", { about, ask: "?", options })).value);
    const started = bench(asking(["a", "b"]), []);
    await started.go();
    await started.answer("q", "c");
    expect((await started.go()).kind).toBe("waiting");
    await started.answer("q", "a");
    expect((await started.go(asking(["x", "y"]))).kind).toBe("waiting");
    await started.answer("q", "x");
    expect(outputOf(await started.go(asking(["x", "y"])))).toBe("x");
  });

  test("a call that another call took the place of is not made under the first one's key", async () => {
    const [first, second] = [countingTool("first", "write"), countingTool("second", "write")];
    const calling = (tool: typeof first | typeof second, n: number) =>
      loopOf(async (step) => {
        await step.call("c", tool as typeof first, { n });
        await step.ask("q", { about, ask: "?" });
      });
    const started = bench(calling(first, 1), []);
    await started.go();
    await started.answer("q", "x");
    expect(outcomeOf(await started.go(calling(second, 1)))).toMatchObject({ code: "E_LOOP_CHANGED", who: "usage" });
    expect(second.executed).toEqual([]);
  });

  test("an interrupted call is made again under its key, and only if it is the same", async () => {
    for (const n of [1, 2]) {
      const tool = countingTool("tool", "irreversible");
      const started = bench(
        loopOf((step) => step.call("c", tool, { n })),
        [],
      );
      const run = { loop: "test", version: "1", item: "item", content: "c", input: {} };
      const { number } = (await started.journal.begin(run)).run;
      await started.journal.append(number, { type: "tool_started", path: "c", tool: "tool", args: { n: 1 }, key: "k" });
      await started.journal.release(number);
      const outcome = outcomeOf(await started.go());
      if (n === 1) expect(tool.executed).toEqual([{ n: 1, key: "memory00-1/c" }]);
      else expect([outcome, tool.executed]).toMatchObject([{ code: "E_LOOP_CHANGED" }, []]);
    }
  });
});

describe("a path", () => {
  test("used twice ends the run as a usage error, also when the author catches", async () => {
    const loop = loopOf(async (step) => {
      await judge(step, "s");
      await judge(step, "s").catch(() => {});
      return "went on";
    });
    const started = bench(loop, [yes]);
    const outcome = { kind: "failed", who: "usage", code: "E_PATH_TWICE" };
    expect(outcomeOf(await started.go())).toMatchObject(outcome);
    expect(await started.replay()).toMatchObject({ outcome });
  });

  test("is told apart by an index, and made of names without a slash", async () => {
    const indexed = loopOf(async (step) => [(await judge(step, ["s", 1])).path, (await judge(step, ["s", 2])).path]);
    expect(await outputAndReplay(bench(indexed, [yes]))).toEqual(["s/1", "s/2"]);
    const wrong: ((step: Step) => Promise<unknown>)[] = [
      (step) => judge(step, "a/b"),
      (step) => judge(step, ""),
      (step) => step.now("a/b"),
      (step) => step.all("a/b", []),
      (step) => step.loop("a/b", { about, tools: [] }),
    ];
    for (const author of wrong) {
      expect(outcomeOf(await bench(loopOf(author), [yes]).go())).toMatchObject({ who: "usage", code: "E_STEP_NAME" });
    }
  });
});

describe("a run ends as failed when", () => {
  const any = z.any();

  test("the item does not fit the loop's input", async () => {
    const input = z.object({ id: z.string() });
    const loop = defineLoop({ name: "test", input, output: any, run: async () => 1 });
    const outcome = outcomeOf(await bench(loop, [], { input: { id: 7 } }).go());
    expect(outcome).toMatchObject({ who: "usage", code: "E_INPUT", message: expect.stringContaining("at id") });
  });

  test.each<[string, z.ZodType, unknown, string]>([
    ["does not fit", z.object({ n: z.int() }), { n: "x" }, "does not fit its output at n"],
    ["is a big integer", any, 1n, "is not JSON"],
  ])("what the loop returned %s", async (_, output, value, message) => {
    const loop = defineLoop({ name: "test", input: any, output, run: async () => value as never });
    const started = bench(loop, []);
    expect(outcomeOf(await started.go())).toMatchObject({
      who: "loop",
      code: "E_OUTPUT",
      message: expect.stringContaining(message),
    });
    expect(started.run.status).toBe("failed");
  });

  test("the author's code throws, at once or later, an error or not", async () => {
    const thrown = (run: () => Promise<unknown>) => bench(loopOf(run), []).go().then(outcomeOf);
    const outcome = { kind: "failed", who: "loop", code: "E_LOOP", message: "no" };
    expect(await thrown(() => Promise.reject(new Error("no")))).toEqual(outcome);
    expect(
      await thrown(() => {
        throw "no";
      }),
    ).toEqual(outcome);
  });
});

test("what a loop put out is the same now as in the journal", async () => {
  const loop = loopOf(async () => ({ at: new Date(0), gone: undefined }));
  const started = bench(loop, []);
  const output = await outputAndReplay(started);
  expect(output).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  expect(started.run.outcome).toEqual({ kind: "done", output });
  expect(
    outputOf(
      await bench(
        loopOf(async () => undefined),
        [],
      ).go(),
    ),
  ).toBeNull();
});

test("a tool that fails, hangs or lies is an outcome for the author", async () => {
  const tool = (run: () => unknown) =>
    countingTool("tool", "read", {
      run: run as never,
      limits: { seconds: 0.02 },
      output: z.object({ x: z.int() }) as never,
    });
  const kinds = [
    tool(() => Promise.reject(new Error("no"))),
    tool(() => new Promise(() => {})),
    tool(() => ({ x: "1" })),
    tool(() => ({ x: 1 })),
  ];
  const loop = loopOf(async (step) => {
    const outcomes = [];
    for (const [index, each] of kinds.entries()) outcomes.push((await step.call(["c", index], each, { n: 1 })).kind);
    return outcomes;
  });
  expect(await outputAndReplay(bench(loop, []))).toEqual(["failed", "timed_out", "failed", "ok"]);
});

test("a dry run decides, and calls nothing that changes the world", async () => {
  const [read, write] = [countingTool("read"), countingTool("write", "write")];
  const loop = loopOf(async (step) => [await step.call("r", read, { n: 1 }), await step.call("w", write, { n: 1 })]);
  const started = bench(loop, [], { dryRun: true });
  expect(await outputAndReplay(started)).toMatchObject([{ kind: "ok" }, { kind: "refused", by: "dry run" }]);
  expect([read.executed.length, write.executed.length]).toEqual([1, 0]);
});

test("a write is on record before it is made, a read only after", async () => {
  const seen: (string | undefined)[] = [];
  const loopWith = (effect: "read" | "write") => {
    const tool = countingTool("tool", effect, { run: () => void seen.push(started.events.at(-1)?.type) });
    return loopOf((step) => step.call("c", tool, { n: 1 }));
  };
  let started = bench(loopWith("write"), []);
  await started.go();
  started = bench(loopWith("read"), []);
  await started.go();
  expect(seen).toEqual(["tool_started", undefined]);
});

test("the stop of the process gives the run back, and tells tools and rungs", async () => {
  const stop = new AbortController();
  const seen: boolean[] = [];
  const tool = countingTool("tool", "write", {
    run: (_, { signal }) => {
      setImmediate(() => stop.abort());
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(void seen.push(signal.aborted))));
    },
  });
  const loop = loopOf(async (step) => {
    await judge(step, "s");
    return step.call("c", tool, { n: 1 });
  });
  const started = bench(loop, [yes], { stop: stop.signal });
  expect(await started.go()).toEqual({ kind: "stopped", error: null });
  expect(started.run.status).toBe("ready");
  expect(seen).toEqual([true]);
  expect(await bench(loop, [], { stop: stop.signal }).go()).toEqual({ kind: "stopped", error: null });
});

test("a replay says where a changed loop leaves the record", async () => {
  const started = bench(
    loopOf((step) => judge(step, "s")),
    [yes],
  );
  await started.go();
  const changed = loopOf(async (step) => {
    await judge(step, "s");
    await judge(step, "new");
  });
  expect(await started.replay(changed)).toEqual({ kind: "diverged", path: "new" });
});

test("a rule that needs no confidence decides as surely as a person", async () => {
  const loop = loopOf(async (step) => (await judge(step, "s")).basis);
  expect(await outputAndReplay(bench(loop, [rules(() => true)]))).toBe("certain");
});

test("a resumed run asks and calls nothing twice", async () => {
  const tool = countingTool("tool", "write");
  let asked = 0;
  const model = scripted(() => {
    asked++;
    return { tool: "tool", args: { n: asked } };
  });
  const loop = loopOf(async (step) => {
    const first = await step.loop("go", { about, tools: [tool], until: turns(3) });
    await step.ask("q", { about, ask: "?" });
    return first.turns.map(({ args }) => args);
  });
  const started = bench(loop, [model]);
  await started.go();
  await started.answer("q", "x");
  expect(await outputAndReplay(started)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect([asked, tool.executed.length]).toEqual([3, 3]);
  const called = started.events.filter((event): event is ToolCalled => event.type === "tool_called");
  expect(called.map(({ path }) => path)).toEqual(["go/1", "go/2", "go/3"]);
});

describe("defineLoop", () => {
  const fine = { name: "l", input: z.object({}), output: z.any(), run: async () => 1 };
  test.each([
    [{ name: "My Loop" }, "E_LOOP_NAME"],
    [{ limits: { steps: 0 } }, "E_LOOP_LIMIT"],
    [{ limits: { spend: Number.NaN } }, "E_LOOP_LIMIT"],
    [{ input: z.object({ at: z.date() }) }, "E_SCHEMA"],
  ])("refuses %j", (wrong, code) => {
    expect(() => defineLoop({ ...fine, ...wrong } as never)).toThrow(expect.objectContaining({ code }));
  });

  test("gives another version when code, schemas or limits change", () => {
    const versions = [
      fine,
      { ...fine, run: async () => 2 },
      { ...fine, output: z.object({ n: z.int() }) },
      { ...fine, input: z.object({ n: z.int() }) },
      { ...fine, limits: { steps: 3 } },
    ].map((definition) => defineLoop(definition as typeof fine).version);
    expect(new Set(versions).size).toBe(5);
    expect(defineLoop(fine).version).toBe(versions[0]);
  });
});
