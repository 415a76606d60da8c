/** Parts of the command line that need no process. */

import { styleText } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { noCounts } from "../batch/counts.ts";
import { makeParts } from "../config/parts.ts";
import type { StandingRecord } from "../core/answer.ts";
import type { StepAnswered } from "../core/event.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import { replayRun, runItem } from "../loop/run.ts";
import { receiptOf } from "../review/receipt.ts";
import { scripted } from "../rung/scripted.ts";
import { exitCodeOf } from "./batch-run.ts";
import { log, print, printJson } from "./command.ts";
import { receiptLines } from "./receipt-text.ts";
import { isSame } from "./replay.ts";

afterEach(() => vi.restoreAllMocks());

describe("a line", () => {
  function shown(write: (line: string) => void, line: string): string {
    const written: unknown[] = [];
    const keep = (text: unknown): boolean => written.push(text) > 0;
    vi.spyOn(process.stdout, "write").mockImplementation(keep);
    vi.spyOn(process.stderr, "write").mockImplementation(keep);
    write(line);
    vi.restoreAllMocks();
    return written.join("");
  }

  test.each([
    ["moves of the cursor", "a\x1b[2A\x1b[Kb\rc\bd", "a␛[2A␛[Kb\nc␈d"],
    ["a title or a link (OSC)", "\x1b]8;;http://x\x07y\x1b]8;;\x1b\\", "␛]8;;http://x␇y␛]8;;␛\\"],
    ["sequences of one sign (C1)", "\u009b2Ax", "\ufffd2Ax"],
    ["text that is hidden or stands out", "\x1b[8mx\x1b[30;40my\x1b[38;5;0mz", "␛[8mx␛[30;40my␛[38;5;0mz"],
    ["text that runs the other way", "a\u202eb", "a\ufffdb"],
  ])("lets no %s through", (_, line, expected) => {
    expect(shown(print, line)).toBe(`${expected}\n`);
    expect(shown(log, line)).toBe(`${expected}\n`);
  });

  test.each(["bold", "dim", "red", "green", "yellow", "cyan"] as const)("keeps our own %s", (style) => {
    const line = `${styleText(style, "x", { validateStream: false })} y`;
    expect(line).toContain("\x1b[");
    expect(shown(print, line)).toBe(`${line}\n`);
  });

  test("for a program is to the letter", () => {
    expect(JSON.parse(shown(printJson as (value: string) => void, "\u009b\x1b[2A"))).toBe("\u009b\x1b[2A");
  });
});

test("a receipt shows the promise that an answer stood under, and its coin", () => {
  const run: RunRecord = {
    number: 1,
    id: "j-1",
    loop: "l",
    version: "1",
    item: "i",
    content: "c",
    input: {},
    status: "ready",
    started: 0,
    outcome: null,
    wakes: null,
  };
  const risk = (standing?: StandingRecord): string | undefined => {
    const answered: StepAnswered = {
      type: "step_answered",
      path: "team",
      verb: "choose",
      question: "v",
      value: "a",
      confidence: 0.97,
      basis: "calibrated",
      rung: "words",
      risk: 0.02,
      trail: [],
      milliseconds: 1,
      ...(standing && { standing }),
    };
    return receiptLines(receiptOf(run, [answered])).find((line) => line.includes("risk:"));
  };
  const figures = { risk: 0.02, delta: 0.1, threshold: 0.914, propensity: 0.3 };
  const standing: StandingRecord = { key: "k", state: "watch", ...figures, audited: true, cluster: "c", seal: "s" };
  expect(risk(standing)).toContain(
    "risk: at most 2 % wrong of what stands (90 % confidence), watch, from 0.91 on; audited (30 % are)",
  );
  expect(risk({ ...standing, audited: false })).toContain("; not audited (30 % are)");
  expect(risk()).toContain("risk: no promise yet (asked: at most 2 % wrong)");
});

describe("the exit code", () => {
  const rung = { asked: 2, skipped: {}, decided: 2, broken: 0, trouble: null, milliseconds: 0 };
  const code = (counts: object, interrupted = false): number =>
    exitCodeOf({
      counts: { ...noCounts(), rows: 2, done: 1, waiting: 1, ...counts },
      complete: true,
      interrupted,
      seconds: 1,
    });

  test("is 4 where a rung was passed over because the day's budget was spent, unless there is worse", () => {
    const far = { ...rung, skipped: { "day spent": 1 } };
    expect(code({ rungsNow: { far } })).toBe(4);
    expect(code({ rungs: { far } })).toBe(3);
    expect(code({ rungsNow: { far: { ...rung, skipped: { unpriced: 1 } } } })).toBe(3);
    expect(code({ rungsNow: { far, dead: { ...rung, broken: 2 } } })).toBe(5);
    expect(code({ rungsNow: { far } }, true)).toBe(130);
  });

  test("is 5 only by what this command asked", () => {
    const dead = { ...rung, broken: 2, decided: 0 };
    expect(code({ rungs: { dead } })).toBe(3);
    expect(code({ rungs: { dead }, rungsNow: { dead } })).toBe(5);
    expect(code({ rungsNow: { dead: { ...dead, asked: 0, broken: 0, skipped: { unpriced: 2 } } } })).toBe(3);
  });
});

describe("a replay is the same", () => {
  const loopOf = (names: readonly string[], sleepName: string): Loop =>
    defineLoop({
      name: "l",
      version: "1",
      input: z.object({ sleeps: z.boolean() }),
      output: z.object({}),
      async run(item, step) {
        if (item.sleeps) await step.sleep(sleepName, 1000);
        await Promise.all(names.map((name) => step.choose(name, { about: "", ask: "?", options: ["a", "b"] })));
        return {};
      },
    });

  async function stood(sleeps: boolean): Promise<{ journal: Journal; number: number }> {
    const journal = memoryJournal();
    const taken = await journal.begin({ loop: "l", version: "1", item: "i", content: "c", input: { sleeps } });
    if (taken.kind !== "taken") throw new Error("not taken");
    await runItem(loopOf(["x", "y"], "nap"), taken, makeParts({ ladder: [scripted({})] }, journal));
    return { journal, number: taken.run.number };
  }

  async function same(sleeps: boolean, names: readonly string[], sleepName = "nap"): Promise<boolean> {
    const { journal, number } = await stood(sleeps);
    const [run, events] = [journal.run(number)!, journal.events(number)];
    expect(run.status).toBe(sleeps ? "sleeping" : "waiting");
    return isSame(run, events, await replayRun(loopOf(names, sleepName), run, events, makeParts({}, journal)));
  }

  test("where both sleep", async () => {
    expect(await same(true, ["x", "y"])).toBe(true);
    expect(await same(true, ["x", "y"], "rest")).toBe(false);
  });

  test("where both wait at the same steps", async () => {
    expect(await same(false, ["y", "x"])).toBe(true);
    expect(await same(false, ["x"])).toBe(false);
    expect(await same(false, ["x", "y", "z"])).toBe(false);
  });
});
