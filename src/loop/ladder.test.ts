import { describe, expect, test } from "vitest";
import { z } from "zod";
import { countingTool, loopOf } from "../../test/support/loops.ts";
import { bench, outcomeOf, outputAndReplay, outputOf } from "../../test/support/run-loop.ts";
import type { Attempt } from "../core/answer.ts";
import { ModelError, StorageError } from "../core/errors.ts";
import type { StepAnswered, StepWaiting } from "../core/event.ts";
import { noUsage } from "../core/usage.ts";
import { cache } from "../rung/cache.ts";
import { fallback, rules } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";
import { type ScriptedReply, scripted } from "../rung/scripted.ts";
import type { Step } from "./step-types.ts";

const about = "text";
const options = ["a", "b"];
const chooses = loopOf(async (step) => (await step.choose("s", { about, ask: "?", options })).value);
const rung = (name: string, answer: ScriptedReply, more = {}): Rung => scripted(() => answer, { name, ...more });

/** The trail of the first question in the journal. */
function trailOf({ events }: { events: readonly { type: string }[] }): readonly Attempt[] {
  const event = events.find(({ type }) => type === "step_answered" || type === "step_waiting");
  return (event as StepAnswered | StepWaiting).trail;
}

describe("the ladder", () => {
  test("asks from the bottom, and the first whose answer stands decides", async () => {
    const asked: string[] = [];
    const spy = (name: string, confidence: number): Rung =>
      scripted(
        () => {
          asked.push(name);
          return "a";
        },
        { name, confidence, acceptAt: 0.8 },
      );
    const started = bench(chooses, [spy("low", 0.79), spy("middle", 0.8), spy("high", 1)]);
    expect(await outputAndReplay(started)).toBe("a");
    expect(asked).toEqual(["low", "middle"]);
    expect(trailOf(started)).toMatchObject([
      { rung: "low", verdict: { stands: false, checks: [{ check: "threshold", need: 0.8, have: 0.79 }] } },
      { rung: "middle", verdict: { stands: true } },
    ]);
  });

  test("tells a rung above what the one below thought", async () => {
    let seen: unknown;
    const above = scripted(
      (_, { suggestion }) => {
        seen = suggestion;
        return "b";
      },
      { name: "above" },
    );
    await bench(chooses, [rung("low", "a", { confidence: 0.2 }), above]).go();
    expect(seen).toEqual({ rung: "low", value: "a", confidence: 0.2 });
  });

  test("waits for a person where nobody below is sure, or ends in the author's safe answer", async () => {
    const unsure = rung("low", "a", { confidence: null });
    const waiting = bench(chooses, [unsure]);
    expect(await waiting.go()).toEqual({ kind: "waiting", paths: ["s"] });
    expect(trailOf(waiting).map(({ rung, kind }) => [rung, kind])).toEqual([
      ["low", "answered"],
      ["person", "waiting"],
    ]);
    expect(await outputAndReplay(bench(chooses, [unsure, fallback("b")]))).toBe("b");
  });

  test("a safe answer that does not fit is no answer: a person is waited for", async () => {
    expect((await bench(chooses, [fallback("c")]).go()).kind).toBe("waiting");
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -0.1, 1.1, null, "0.99", true])(
    "never lets a confidence of %s stand, and writes it down as none",
    async (confidence) => {
      const reply = { kind: "answered", value: "a", confidence, basis: "raw", evidence: {}, usage: noUsage };
      const started = bench(chooses, [rung("low", reply, { acceptAt: 0 })]);
      expect((await started.go()).kind).toBe("waiting");
      expect(trailOf(started)[0]).toMatchObject({ confidence: null, verdict: { stands: false } });
    },
  );

  test.each<[string, Rung["decide"]]>([
    [
      "throws",
      () => {
        throw new ModelError("E_MODEL", "broken");
      },
    ],
    ["rejects", () => Promise.reject(new Error("broken"))],
    ["replies with nothing", () => undefined as never],
    ["replies with what is no reply", () => ({ kind: "perhaps" }) as never],
    ["does not say what it cost", () => ({ kind: "answered", value: "a", confidence: 1 }) as never],
    ["claims to be paid for it", () => ({ kind: "escalated", reason: "", usage: { ...noUsage, cost: -1 } })],
  ])("goes on when a rung %s", async (_, decide) => {
    const broken: Rung = { name: "broken", local: true, mostCost: 0, acceptAt: 0.5, decide };
    const started = bench(chooses, [broken, rung("next", "b")]);
    expect(await outputAndReplay(started)).toBe("b");
    expect(trailOf(started)[0]).toMatchObject({ rung: "broken", kind: "escalated", fault: "rung_failed" });
  });

  test("a store that cannot be read stops the run, and asks nobody dearer", async () => {
    const decide = (): never => {
      throw new StorageError("E_JOURNAL", "cannot read");
    };
    const store: Rung = { name: "store", local: true, mostCost: 0, acceptAt: null, decide };
    const started = bench(chooses, [store, rung("next", "b")]);
    expect(await started.go()).toMatchObject({ kind: "stopped", error: { code: "E_JOURNAL" } });
  });

  test("an author's check that objects sends the question up", async () => {
    const check = (value: string): true | string => value === "b" || "not b";
    const loop = loopOf(async (step) => (await step.choose("s", { about, ask: "?", options, check })).value);
    const started = bench(loop, [rung("low", "a"), rules(() => "a"), rung("high", "b")]);
    expect(await outputAndReplay(started)).toBe("b");
    expect(trailOf(started).map(({ verdict }) => verdict?.stands)).toEqual([false, false, true]);
  });

  test("a question may have a ladder of its own", async () => {
    const config = { questions: { s: { ladder: [rung("own", "b")] } } };
    expect(await outputAndReplay(bench(chooses, [rung("common", "a")], { config }))).toBe("b");
  });
});

describe("a reply that does not fit", () => {
  const schema = z.object({ lines: z.array(z.object({ n: z.int() })) });
  const extracts = loopOf(async (step) => (await step.extract("s", { about, schema })).value);
  const wrong = { lines: [{ n: 1 }, { n: "x" }] };
  const right = { lines: [{ n: 1 }] };

  test("is repaired once, with the path of what was wrong; both tries are paid for", async () => {
    const repairs: unknown[] = [];
    const model = scripted(
      (_, { repair }) => {
        repairs.push(repair);
        return repair ? right : wrong;
      },
      { cost: 0.25 },
    );
    const started = bench(extracts, [model]);
    expect(await outputAndReplay(started)).toEqual(right);
    expect(repairs).toMatchObject([null, { previous: wrong, path: "lines.1.n" }]);
    expect(trailOf(started)).toMatchObject([{ repaired: { path: "lines.1.n" }, usage: { cost: 0.5 } }]);
  });

  test("twice is a named fault, and the next rung's turn", async () => {
    const started = bench(extracts, [rung("low", wrong), rung("high", right)]);
    expect(await outputAndReplay(started)).toEqual(right);
    expect(trailOf(started)[0]).toMatchObject({ fault: "invalid_value", repaired: { path: "lines.1.n" } });
    expect(trailOf(started)[0]).not.toHaveProperty("verdict");
  });

  test("is read as the journal will give it back", async () => {
    const dated = loopOf(async (step) => {
      const { value } = await step.extract("s", { about, schema: z.object({ at: z.any() }), otherwise: false });
      return typeof value.at;
    });
    expect(await outputAndReplay(bench(dated, [rung("low", { at: new Date(0) })]))).toBe("string");
    expect((await bench(dated, [rung("low", { at: 1n })]).go()).kind).toBe("waiting");
  });
});

describe("a pick that may not be made", () => {
  const find = countingTool("find");
  const pay = countingTool("pay", "irreversible");
  const tools = [find, pay];
  const picks = loopOf(async (step) => {
    const { value } = await step.pick("s", { about, tools, otherwise: false });
    return step.call("do", value);
  });
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];

  test.each<[string, ScriptedReply, string]>([
    ["names an unknown tool", { tool: "drop_tables", args: {} }, "unknown_tool"],
    ["names what every object has", { tool: "toString", args: {} }, "unknown_tool"],
    ["names nothing", {}, "unknown_tool"],
    [
      "makes two calls",
      [
        { tool: "find", args: { n: 1 } },
        { tool: "find", args: { n: 2 } },
      ],
      "second_call",
    ],
    ["makes none", [], "second_call"],
    ["has arguments that fail twice", { tool: "find", args: { n: "x" } }, "invalid_arguments"],
    ["has no arguments where some are needed", "find", "invalid_arguments"],
  ])("%s: a named fault, never an execution", async (_, reply, fault) => {
    const started = bench(picks, [rung("hostile", reply)]);
    expect((await started.go()).kind).toBe("waiting");
    expect(trailOf(started)[0]).toMatchObject({ kind: "answered", fault });
    expect([...find.executed, ...pay.executed]).toEqual([]);
  });

  test("whose arguments cannot be written down is a fault", async () => {
    const free = { ...find, input: z.object({ n: z.any() }) };
    const loop = loopOf((step) => step.pick("s", { about, tools: [free], otherwise: false }));
    const started = bench(loop, [rung("hostile", { tool: "find", args: { n: deep } })]);
    expect((await started.go()).kind).toBe("waiting");
  });

  test("below its floor goes up to a person, who may let it stand", async () => {
    const started = bench(picks, [rung("model", { tool: "pay", args: { n: 1 } })]);
    expect((await started.go()).kind).toBe("waiting");
    expect(trailOf(started)[0]).toMatchObject({
      verdict: { stands: false, checks: [{ check: "threshold" }, { check: "effect floor", need: "person" }] },
    });
    await started.answer("s", { tool: "pay", args: { n: 1 } });
    expect(await outputAndReplay(started)).toEqual({ kind: "ok", value: { n: 1 } });
    expect(pay.executed).toEqual([{ n: 1, key: "memory00-1/do" }]);
  });

  test("its floor may be another rung, or be lifted, by the config", async () => {
    const call = { tool: "pay", args: { n: 2 } };
    const high = rung("high", call);
    const raised = bench(picks, [rung("low", call), high], { config: { effects: { irreversible: high } } });
    expect((await raised.go()).kind).toBe("ended");
    expect(trailOf(raised).map(({ rung }) => rung)).toEqual(["low", "high"]);
    const lifted = bench(picks, [rung("low", call)], { config: { effects: { irreversible: null } } });
    expect((await lifted.go()).kind).toBe("ended");
  });

  test("is not even offered where no rung of the ladder may let it stand", async () => {
    const config = { questions: { s: { ladder: [rung("model", { tool: "pay", args: { n: 3 } }), fallback("find")] } } };
    const started = bench(picks, [], { config });
    await started.go();
    expect(trailOf(started)[0]).toMatchObject({ fault: "unknown_tool" });
    expect(pay.executed.some(({ n }) => n === 3)).toBe(false);
  });
});

describe("an irreversible call of the author's own", () => {
  const call = (n: number) => {
    const pay = countingTool("pay", "irreversible");
    return { pay, loop: loopOf((step) => step.call("pay", pay, { n })) };
  };

  test("is approved by a person first, and then made once, under its key", async () => {
    const { pay, loop } = call(1);
    const started = bench(loop, [rung("model", "yes")]);
    expect(await started.go()).toEqual({ kind: "waiting", paths: ["pay/approve"] });
    expect(pay.executed).toEqual([]);
    const [{ waiting } = { waiting: null }] = [...started.journal.waiting()];
    expect(waiting?.question.ask).toMatch(/^May this call of pay be made\? Its effect is irreversible\./);
    await started.answer("pay/approve", "yes");
    expect(await outputAndReplay(started)).toEqual({ kind: "ok", value: { n: 1 } });
    expect(pay.executed).toEqual([{ n: 1, key: "memory00-1/pay" }]);
  });

  test("is not made when declined", async () => {
    const { pay, loop } = call(1);
    const started = bench(loop, []);
    await started.go();
    await started.answer("pay/approve", "no");
    expect(await outputAndReplay(started)).toEqual({ kind: "refused", by: "declined", reason: "person said no" });
    expect(pay.executed).toEqual([]);
  });

  test("is asked about again when its arguments changed: a yes is to these and no others", async () => {
    const [first, changed] = [call(1), call(2)];
    const started = bench(first.loop, []);
    await started.go();
    await started.answer("pay/approve", "yes");
    expect((await started.go(changed.loop)).kind).toBe("waiting");
    expect(changed.pay.executed).toEqual([]);
    await started.answer("pay/approve", "yes");
    expect((await started.go(changed.loop)).kind).toBe("ended");
    expect([...first.pay.executed, ...changed.pay.executed]).toMatchObject([{ n: 2 }]);
  });

  test("shares its path with nobody", async () => {
    const pay = countingTool("pay", "irreversible");
    const loop = loopOf(async (step) => {
      await step.judge(["pay", "approve"], { about, ask: "Nice weather?" });
      return step.call("pay", pay, { n: 1 });
    });
    const started = bench(loop, [rung("model", "yes")]);
    expect(outcomeOf(await started.go())).toMatchObject({ code: "E_PATH_TWICE" });
    expect(pay.executed).toEqual([]);
  });

  test("of a writing tool needs nobody, unless the config says so", async () => {
    const write = countingTool("write", "write");
    const loop = loopOf((step) => step.call("w", write, { n: 1 }));
    expect((await bench(loop, []).go()).kind).toBe("ended");
    const boss = rules(() => "no");
    const config = { effects: { write: boss } };
    expect(await outputAndReplay(bench(loop, [boss], { config }))).toMatchObject({ by: "declined" });
    expect(write.executed).toHaveLength(1);
  });
});

describe("the cache", () => {
  const ladder = (model: Rung): Rung[] => [cache(), model];
  const ask = async (step: Step) => step.choose("s", { about, ask: "?", options });

  test("serves the same question about the same text, and keeps the origin of the answer", async () => {
    const first = bench(loopOf(ask), ladder(rung("model", "a", { confidence: 0.7 })));
    expect(await outputAndReplay(first)).toMatchObject({ value: "a", cached: false });
    const again = { ...loopOf(ask), name: "again" };
    const second = bench(again, ladder(rung("model", "b")), { journal: first.journal });
    const origin = { rung: "model", run: first.run.id, path: "s" };
    expect(await outputAndReplay(second)).toMatchObject({ value: "a", rung: "model", cached: true, confidence: 0.7 });
    expect(second.events[0]).toMatchObject({ rung: "cache", origin });
    expect(second.events[0]).not.toHaveProperty("cacheKey");
    const third = bench({ ...again, name: "third" }, ladder(rung("model", "b")), { journal: first.journal });
    await third.go();
    expect(third.events[0]).toMatchObject({ origin });
  });

  test("keeps what a person said, and no safe answer given for want of a better one", async () => {
    const first = bench(loopOf(ask), [cache()]);
    await first.go();
    await first.answer("s", "b");
    await first.go();
    const second = bench({ ...loopOf(ask), name: "again" }, [cache()], { journal: first.journal });
    expect(outputOf(await second.go())).toMatchObject({ value: "b", rung: "person", cached: true });

    const down = bench(loopOf(ask), [cache(), fallback("a")]);
    await down.go();
    const up = bench({ ...loopOf(ask), name: "again" }, ladder(rung("model", "b")), { journal: down.journal });
    expect(outputOf(await up.go())).toMatchObject({ value: "b", cached: false });
  });

  test("never lets an irreversible tool stand, even if a person picked it before", async () => {
    const pay = countingTool("pay", "irreversible");
    const picks = loopOf(async (step) => {
      const { value } = await step.pick("s", { about, tools: [pay], otherwise: false });
      return step.call("do", value);
    });
    const first = bench(picks, [cache()]);
    await first.go();
    await first.answer("s", { tool: "pay", args: { n: 1 } });
    await first.go();
    expect(pay.executed).toHaveLength(1);
    const second = bench({ ...picks, name: "again" }, [cache()], { journal: first.journal });
    expect((await second.go()).kind).toBe("waiting");
    expect(trailOf(second)[0]).toMatchObject({ rung: "cache", verdict: { stands: false } });
    expect(pay.executed).toHaveLength(1);
  });

  test("never approves a call", async () => {
    const pay = countingTool("pay", "irreversible");
    const loop = loopOf((step) => step.call("pay", pay, { n: 1 }));
    const first = bench(loop, [cache()]);
    await first.go();
    await first.answer("pay/approve", "yes");
    await first.go();
    const second = bench({ ...loop, name: "again" }, [cache()], { journal: first.journal });
    expect((await second.go()).kind).toBe("waiting");
    expect(pay.executed).toHaveLength(1);
  });
});
