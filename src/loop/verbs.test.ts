import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { countingTool, loopOf } from "../../test/support/loops.ts";
import { bench, outcomeOf, outputAndReplay } from "../../test/support/run-loop.ts";
import type { Outcome } from "../core/outcome.ts";
import { memoryJournal } from "../journal/memory.ts";
import { rules } from "../rung/rules.ts";
import { type Script, scripted } from "../rung/scripted.ts";
import { defineTool, notFound } from "../tool/tool.ts";
import type { Step } from "./step-types.ts";

/** Runs one author's function on a script, replays it, and gives what it returned. */
const run = (script: Script, author: (step: Step) => Promise<unknown>) =>
  outputAndReplay(bench(loopOf(author), [scripted(script)]));
const about = "the text";

describe("choose", () => {
  const options = { billing: "Payments", shipping: "Parcels" };

  test("answers with one of the options, or the name of the way out", async () => {
    const above = scripted({ team: "billing" }, { local: false });
    const author = async (step: Step) => {
      const team = await step.choose("team", { about, ask: "Which team?", options, risk: 0.02 });
      expectTypeOf(team.value).toEqualTypeOf<"billing" | "shipping" | "none of these">();
      return team;
    };
    const output = await outputAndReplay(bench(loopOf(author), [above]));
    expect(output).toEqual({
      value: "billing",
      confidence: 1,
      basis: "raw",
      rung: "scripted",
      cached: false,
      path: "team",
      risk: { asked: 0.02, promised: { kind: "no promise yet" } },
    });
  });

  test("lets the author name the way out or forbid it, and take names alone", async () => {
    await run(
      () => "b",
      async (step) => {
        const named = await step.choose("named", { about, ask: "?", options: ["a", "b"], otherwise: "neither" });
        expectTypeOf(named.value).toEqualTypeOf<"a" | "b" | "neither">();
        const forbidden = await step.choose("forbidden", { about, ask: "?", options: ["a", "b"], otherwise: false });
        expectTypeOf(forbidden.value).toEqualTypeOf<"a" | "b">();
      },
    );
  });

  test("sends a way out of a model's up, where a rule may let it stand", async () => {
    const author = async (step: Step) =>
      (await step.choose("s", { about, ask: "?", options: ["a"], otherwise: "neither" })).value;
    const up = bench(loopOf(author), [scripted({ s: "neither" }), rules(() => "neither")]);
    expect(await outputAndReplay(up)).toBe("neither");
    const [event] = up.events;
    expect(event).toMatchObject({ rung: "rules", trail: [{ rung: "scripted", verdict: { stands: false } }, {}] });
  });

  test("takes no way out where it is forbidden", async () => {
    const author = async (step: Step) =>
      (await step.choose("s", { about, ask: "?", options: ["a", "b"], otherwise: false })).value;
    const up = bench(loopOf(author), [scripted({ s: "none of these" }), rules(() => "a")]);
    expect(await outputAndReplay(up)).toBe("a");
  });

  test.each([[{}], [[]], [["a", "a"]], [["a", "none of these"]]])("refuses the options %j", async (options) => {
    const loop = loopOf((step) => step.choose("s", { about, ask: "?", options: options as string[] }));
    expect(outcomeOf(await bench(loop, []).go())).toMatchObject({ kind: "failed", who: "usage", code: "E_OPTIONS" });
  });
});

describe("judge", () => {
  test.each([
    ["yes", true],
    [true, true],
    ["no", false],
    [false, false],
  ])("reads %j as %j", async (raw, value) => {
    const output = await run({ urgent: raw }, async (step) => {
      const urgent = await step.judge("urgent", { about, ask: "Urgent?" });
      expectTypeOf(urgent.value).toEqualTypeOf<boolean | null>();
      const certain = step.judge(["urgent", 2], { about, ask: "Urgent?", otherwise: false });
      expectTypeOf((await certain).value).toEqualTypeOf<boolean>();
      return urgent.value;
    });
    expect(output).toBe(value);
  });

  test("answers the way out with null", async () => {
    const loop = loopOf(async (step) => (await step.judge("s", { about, ask: "?" })).value);
    expect(await outputAndReplay(bench(loop, [rules(() => "cannot tell")]))).toBeNull();
  });
});

describe("score", () => {
  test.each([3, "3"])("reads %j as a whole number on the scale", async (raw) => {
    const output = await run({ s: raw }, async (step) => {
      const score = await step.score("s", { about, ask: "How angry?", from: 0, to: 10, otherwise: false });
      expectTypeOf(score.value).toEqualTypeOf<number>();
      return score.value;
    });
    expect(output).toBe(3);
  });

  test.each(["", " ", "0x1", "1e0", 1.5, 11, -1, true, null, [1], "three"])("does not read %j as one", async (raw) => {
    const loop = loopOf(async (step) => (await step.score("s", { about, ask: "?", from: 0, to: 10 })).value);
    const started = bench(loop, [scripted({ s: raw }), rules(() => 7)]);
    expect(await outputAndReplay(started)).toBe(7);
    expect(started.events[0]).toMatchObject({ trail: [{ fault: "invalid_value" }, { rung: "rules" }] });
  });

  test.each([
    [1, 1],
    [0, 1.5],
    [0, 101],
  ])("refuses a scale from %d to %d", async (from, to) => {
    const loop = loopOf((step) => step.score("s", { about, ask: "?", from, to }));
    expect(outcomeOf(await bench(loop, []).go())).toMatchObject({ code: "E_OPTIONS" });
  });
});

describe("extract and write", () => {
  const schema = z.object({ order: z.string().toUpperCase(), cents: z.coerce.number().optional() });

  test("extract gives what the author's schema makes of it, now and on replay", async () => {
    const output = await run({ fields: { order: "ab1", cents: "7" } }, async (step) => {
      const fields = await step.extract("fields", { about, schema, otherwise: false });
      expectTypeOf(fields.value).toEqualTypeOf<{ order: string; cents?: number | undefined }>();
      return fields.value;
    });
    expect(output).toEqual({ order: "AB1", cents: 7 });
  });

  test("write gives a text that holds something", async () => {
    const loop = loopOf(async (step) => {
      const text = await step.write("reply", { about, ask: "Answer them." });
      expectTypeOf(text.value).toEqualTypeOf<string>();
      return text.value;
    });
    expect(await outputAndReplay(bench(loop, [scripted({ reply: " \n" }), rules(() => "Dear you")]))).toBe("Dear you");
  });
});

describe("pick and call", () => {
  const find = defineTool({
    name: "find",
    description: "",
    effect: "read",
    input: z.object({ order: z.string() }),
    output: z.object({ cents: z.int() }),
    run: ({ order }) => (order === "none" ? notFound("no such order") : { cents: order.length }),
  });
  const reply = countingTool("reply", "write");

  test("pick gives one call and executes nothing; call executes it", async () => {
    const output = await run({ next: { tool: "find", args: { order: "AB" } } }, async (step) => {
      const next = await step.pick("next", { about, tools: [find, reply], otherwise: false });
      expectTypeOf(next.value.tool).toEqualTypeOf<"find" | "reply">();
      if (next.value.tool === "find") expectTypeOf(next.value.args).toEqualTypeOf<{ order: string }>();
      const outcome = await step.call("do", next.value);
      expectTypeOf(outcome).toEqualTypeOf<Outcome>();
      return outcome;
    });
    expect(output).toEqual({ kind: "ok", value: { cents: 2 } });
  });

  test("call of one's own takes the tool's arguments and gives its output", async () => {
    const output = await run({}, async (step) => {
      // @ts-expect-error: the tool wants an order
      const wrong = (): unknown => step.call("wrong", find, { n: 1 });
      expect(wrong).toBeTypeOf("function");
      const outcome = await step.call("do", find, { order: "ABC" });
      expectTypeOf(outcome).toEqualTypeOf<Outcome<{ cents: number }>>();
      return [outcome, await step.call("none", find, { order: "none" })];
    });
    expect(output).toEqual([
      { kind: "ok", value: { cents: 3 } },
      { kind: "not_found", reason: "no such order" },
    ]);
  });

  test("call takes what the schema takes in, not what it makes of it", async () => {
    const typed = defineTool({
      name: "typed",
      description: "",
      effect: "read",
      input: z.object({ n: z.string().transform(Number) }),
      output: z.number(),
      run: ({ n }) => n,
    });
    expect(await run({}, (step) => step.call("do", typed, { n: "7" }))).toEqual({ kind: "ok", value: 7 });
  });

  test("call refuses arguments that do not fit, and what was not picked in this run", async () => {
    const unfit = loopOf((step) => step.call("do", find, { order: 1 as never }));
    expect(outcomeOf(await bench(unfit, []).go())).toMatchObject({ code: "E_ARGUMENTS", who: "usage" });
    const anything = defineTool({
      ...find,
      name: "anything",
      input: z.object({ n: z.any() }),
      run: () => ({ cents: 1 }),
    });
    const notJson = loopOf((step) => step.call("do", anything, { n: 1n }));
    expect(outcomeOf(await bench(notJson, []).go())).toMatchObject({ code: "E_ARGUMENTS" });
    const forged = loopOf((step) => step.call("do", { tool: "find", args: { order: "A" } }));
    expect(outcomeOf(await bench(forged, []).go())).toMatchObject({ code: "E_NOT_PICKED" });
  });

  test("a call picked in another run is not one of this run", async () => {
    let kept: never;
    const picks = loopOf(async (step) => {
      kept = (await step.pick("p", { about, tools: [reply] })).value as never;
    });
    await bench(picks, [scripted({ p: { tool: "reply", args: { n: 1 } } })]).go();
    const calls = loopOf((step) => step.call("do", kept));
    expect(outcomeOf(await bench(calls, []).go())).toMatchObject({ code: "E_NOT_PICKED" });
    expect(reply.executed).toHaveLength(0);
  });

  test("one pick is one call", async () => {
    const twice = loopOf(async (step) => {
      const picked = await step.pick("p", { about, tools: [reply], otherwise: false });
      await step.call("first", picked.value);
      await step.call("second", picked.value);
    });
    const before = reply.executed.length;
    const end = await bench(twice, [scripted({ p: { tool: "reply", args: { n: 1 } } })]).go();
    expect(outcomeOf(end)).toMatchObject({ code: "E_PICKED_TWICE", who: "usage" });
    expect(reply.executed).toHaveLength(before + 1);
  });

  test("two tools of one name, or one called as the way out, are refused", async () => {
    const twice = loopOf((step) => step.pick("p", { about, tools: [find, { ...reply, name: "find" }] }));
    expect(outcomeOf(await bench(twice, []).go())).toMatchObject({ code: "E_TOOLS" });
    const finish = loopOf((step) => step.loop("p", { about, tools: [countingTool("finish")] }));
    expect(outcomeOf(await bench(finish, []).go())).toMatchObject({ code: "E_TOOLS" });
  });
});

describe("all", () => {
  test("runs branches side by side, by name or by place, each with paths of its own", async () => {
    const output = await run(
      (question) => question.path,
      async (step) => {
        const ask = (branch: Step) => branch.write("w", { about, ask: "?" }).then(({ value }) => value);
        const named = await step.all("named", { a: ask, b: async () => 7 });
        expectTypeOf(named).toEqualTypeOf<{ readonly a: string; readonly b: number }>();
        return [named, await step.all("list", [ask, ask])];
      },
    );
    expect(output).toEqual([{ a: "named/a/w", b: 7 }, ["list/0/w", "list/1/w"]]);
  });
});

describe("now, random and sleep", () => {
  test("give the same on every replay", async () => {
    let now = 100;
    let random = 0;
    const loop = loopOf(async (step) => [await step.now("n"), await step.random("r"), await step.now(["n", 2])]);
    const started = bench(loop, [], { journal: memoryJournal(), now: () => now++, random: () => (random += 0.25) });
    expect(await outputAndReplay(started)).toEqual([100, 0.25, 101]);
  });

  test("a short sleep stays, a long one gives the run back until its time", async () => {
    let now = 0;
    const loop = loopOf(async (step) => {
      await step.sleep("short", 0.02);
      await step.sleep("long", 3600);
      return step.now("after");
    });
    const started = bench(loop, [], { now: () => now });
    const wakes = 3_600_000;
    expect(await started.go()).toEqual({ kind: "sleeping", wakes, paths: [] });
    expect(started.run).toMatchObject({ status: "sleeping", wakes });
    expect(await started.replay()).toEqual({ kind: "sleeping", wakes, paths: [] });
    await expect(started.go()).rejects.toThrow("settled: sleeping");
    now = wakes;
    expect(await outputAndReplay(started)).toBe(wakes);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("a sleep of %d seconds is refused", async (seconds) => {
    const loop = loopOf((step) => step.sleep("s", seconds));
    expect(outcomeOf(await bench(loop, []).go())).toMatchObject({ code: "E_SLEEP" });
  });
});

describe("ask", () => {
  test("asks a person whatever the ladder, with options or for a text", async () => {
    const loop = loopOf(async (step) => {
      const choice = await step.ask("choice", { about, ask: "Which?", options: ["a", "b"] });
      expectTypeOf(choice.value).toEqualTypeOf<"a" | "b">();
      const text = await step.ask("text", { about, ask: "Why?" });
      expectTypeOf(text.value).toEqualTypeOf<string>();
      return [choice.value, text.value, text.rung];
    });
    const started = bench(loop, [scripted(() => "b")]);
    expect(await started.go()).toEqual({ kind: "waiting", paths: ["choice"] });
    await started.answer("choice", "a");
    expect(await started.go()).toEqual({ kind: "waiting", paths: ["text"] });
    await started.answer("text", "because");
    expect(await outputAndReplay(started)).toEqual(["a", "because", "person"]);
  });
});
