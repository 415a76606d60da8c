/** Ways in which an effect could have been made twice, money forgotten or an answer lost; each was once possible. */

import { expect, test } from "vitest";
import { countingTool, loopOf } from "../../test/support/loops.ts";
import { bench, outcomeOf, outputOf } from "../../test/support/run-loop.ts";
import { scripted } from "../rung/scripted.ts";

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a call that failed after its effect keeps its key when it is picked again", async () => {
  const pay = countingTool("pay", "write", {
    run: () => {
      throw new Error("the line went dead, after the money had moved");
    },
  });
  const loop = loopOf((step) => step.loop("settle", { about: "x", tools: [pay], limits: { steps: 3 } }));
  const started = bench(loop, [scripted({ settle: { tool: "pay", args: { n: 1 } } })]);
  await started.go();
  expect(pay.executed.length).toBe(3);
  expect(new Set(pay.executed.map(({ key }) => key)).size).toBe(1);
});

test("another call at the path of one on record ends the run, and never counts as a success", async () => {
  const find = countingTool("find");
  const pay = countingTool("pay", "write", { after: [find] });
  let n = 1;
  const loop = loopOf(async (step) => {
    await step.call("look", find, { n });
    await step.ask("sure", { about: "x", ask: "Sure?" });
    return step.call("pay", pay, { n });
  });
  const started = bench(loop, []);
  await started.go();
  await started.answer("sure", "yes");
  n = 2; // a helper outside the loop's function changed
  expect(outcomeOf(await started.go())).toMatchObject({ kind: "failed", code: "E_LOOP_CHANGED" });
  expect(pay.executed).toEqual([]);
});

test("a call that changes the world is put on record though the run's time is up meanwhile", async () => {
  const pay = countingTool("pay", "write", { run: () => pause(150) });
  const loop = loopOf((step) => step.call("pay", pay, { n: 1 }), { seconds: 0.05 });
  const started = bench(loop, []);
  expect(outcomeOf(await started.go())).toMatchObject({ kind: "limit", limit: "seconds" });
  expect(started.events.map((event) => event.type)).toEqual(["tool_started", "tool_called", "run_ended"]);
  const again = await started.replay();
  expect(again).toMatchObject({ kind: "ended", outcome: { kind: "limit", limit: "seconds" } });
});

test("no rung is asked, or paid, for a run that has left", async () => {
  const slow = scripted(
    async (_question, { signal }) => {
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return "a";
    },
    { name: "slow" },
  );
  let asked = 0;
  const paid = scripted(
    () => {
      asked++;
      return "a";
    },
    { name: "paid", cost: 1 },
  );
  const loop = loopOf((step) => step.choose("s", { about: "x", ask: "?", options: ["a", "b"] }), { seconds: 0.05 });
  const started = bench(loop, [slow, paid], { config: { budget: { perDay: 5 } } });
  expect(outcomeOf(await started.go())).toMatchObject({ limit: "seconds" });
  await pause(20);
  expect(asked).toBe(0);
  expect(started.parts.budget?.spent).toBe(0);
});

test("what was paid before the spend limit ended a step is on record", async () => {
  const cheap = scripted({ s: "a" }, { name: "cheap", cost: 1, confidence: 0.1 });
  const dear = scripted({ s: "a" }, { name: "dear", cost: 5 });
  const loop = loopOf((step) => step.choose("s", { about: "x", ask: "?", options: ["a", "b"] }), { spend: 3 });
  const started = bench(loop, [cheap, dear]);
  expect(outcomeOf(await started.go())).toMatchObject({ kind: "limit", limit: "spend" });
  expect(started.events[0]).toMatchObject({ type: "step_stopped", trail: [{ rung: "cheap", usage: { cost: 1 } }] });
  expect(await started.replay()).toMatchObject({ outcome: { kind: "limit", limit: "spend" } });
});

test("a person's pick stands though a branch comes later than when they were asked", async () => {
  const find = countingTool("find");
  const pay = countingTool("pay", "irreversible", { after: [find] });
  let slow = 30;
  const loop = loopOf((step) =>
    step.all("both", {
      a: async (inner) => {
        await pause(slow);
        const picked = await inner.pick("next", { about: "x", tools: [find, pay], otherwise: false });
        return (await inner.call("do", picked.value)).kind;
      },
      b: async (inner) => {
        if (slow === 0) await pause(30);
        return (await inner.call("look", find, { n: 1 })).kind;
      },
    }),
  );
  const started = bench(loop, [scripted({ next: { tool: "pay", args: { n: 1 } } })]);
  expect((await started.go()).kind).toBe("waiting");
  expect(await started.answer("both/a/next", { tool: "pay", args: { n: 1 } })).toBe(true);
  slow = 0;
  const end = await started.go();
  // Whether the call may be made by then is looked at once more; the answer itself is never asked for again.
  expect(["ok", "refused"]).toContain((outputOf(end) as { a: string }).a);
  expect(started.events.filter((event) => event.type === "step_waiting")).toHaveLength(1);
});

test("steps side by side count once towards the run's seconds", async () => {
  const wait = countingTool("wait", "read", { run: () => pause(60) });
  const loop = loopOf(
    (step) =>
      step.all(
        "many",
        Array.from({ length: 8 }, (_, n) => (inner) => inner.call("w", wait, { n })),
      ),
    { seconds: 0.4 },
  );
  const end = await bench(loop, []).go();
  expect(outcomeOf(end).kind).toBe("done");
});

test("an approved pick that is changed afterwards is not called", async () => {
  const pay = countingTool("pay", "write");
  const loop = loopOf(async (step) => {
    const picked = await step.pick("p", { about: "x", tools: [pay], otherwise: false });
    (picked.value.args as { n: number }).n = 2;
    await step.call("do", picked.value);
  });
  const end = await bench(loop, [scripted({ p: { tool: "pay", args: { n: 1 } } })]).go();
  expect(outcomeOf(end)).toMatchObject({ code: "E_NOT_PICKED" });
  expect(pay.executed).toEqual([]);
});

test("an item's text reaches an approver as data, not as an instruction", async () => {
  const pay = countingTool("pay", "irreversible");
  let seen = { ask: "", about: "" };
  const approver = scripted(
    (question) => {
      seen = { ask: question.ask, about: question.about };
      return "yes";
    },
    { name: "approver", acceptAt: null },
  );
  const loop = loopOf((step) => step.call("pay", pay, { n: 4711 }));
  await bench(loop, [], { config: { effects: { irreversible: approver } } }).go();
  expect(seen.ask).not.toContain("4711");
  expect(seen.about).toContain("4711");
});

test.each(["a/b", ""])("a branch called %o is refused like any other part of a path", async (name) => {
  const loop = loopOf((step) => step.all("v", { [name]: async () => 1 }));
  expect(outcomeOf(await bench(loop, []).go())).toMatchObject({ code: "E_STEP_NAME" });
});

test("misspelt limits are refused", () => {
  expect(() => countingTool("t", "read", { limits: { perrun: 1 } as never })).toThrow(/perrun/);
  expect(() => loopOf(async () => 1, { step: 1 } as never)).toThrow(/step/);
});
