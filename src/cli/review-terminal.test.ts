import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { changedWays } from "../batch/plan.ts";
import { makeParts } from "../config/parts.ts";
import type { Journal, WaitingStep } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { defineLoop } from "../loop/loop.ts";
import { runItem } from "../loop/run.ts";
import { continueRun } from "../review/answer.ts";
import { type WaitingQuestion, waitingQuestions } from "../review/waiting.ts";
import { scripted } from "../rung/scripted.ts";
import type { Keys } from "./keyboard.ts";
import { keysLine, questionLines } from "./question-text.ts";
import { type Reviewed, reviewInTerminal } from "./review-terminal.ts";

let shown = "";
beforeEach(() => {
  shown = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    shown += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const which = { ask: "Which?", options: ["billing", "shipping"] };

const loop = defineLoop({
  name: "asks",
  version: "1",
  input: z.object({ id: z.string() }),
  output: z.object({ said: z.unknown() }),
  async run(item, step) {
    const about = `item ${item.id}\u001b[31m`;
    switch (item.id) {
      case "score":
        return { said: (await step.score("rate", { about, ask: "How good?", from: 0, to: 5 })).value };
      case "many":
        return {
          said: (
            await step.choose("many", {
              about,
              ask: "Which?",
              options: Array.from({ length: 60 }, (_, i) => `option ${i}`),
            })
          ).value,
        };
      case "fields":
        return {
          said: (await step.extract("fields", { about, schema: z.object({ cents: z.int(), name: z.string() }) })).value,
        };
      case "text":
        return { said: (await step.write("text", { about, ask: "Write." })).value };
      case "promised":
        return { said: (await step.choose("team", { about, ...which, risk: 0.05 })).value };
      case "promised text":
        return { said: (await step.write("text", { about, ask: "Write.", risk: 0.05 })).value };
      default:
        return { said: (await step.choose("team", { about, ...which })).value };
    }
  },
});

/** Types these; a whole line where a line is asked for. */
function typing(...typed: string[]): Keys {
  const next = async (): Promise<string | null> => typed.shift() ?? null;
  return { key: next, line: (_prompt, start = "") => next().then((line) => (line === "=" ? start : line)) };
}

const reply = (value: string) => ({
  kind: "answered" as const,
  value,
  confidence: 0.3,
  basis: "raw" as const,
  evidence: { options: which.options.map((name) => ({ name, p: name === value ? 0.83 : 0.17 })) },
  usage: { inputTokens: 0, outputTokens: 0, milliseconds: 0, cost: 0 },
});

async function review(items: readonly string[], keyboard: Keys): Promise<{ journal: Journal; reviewed: Reviewed }> {
  const journal = memoryJournal();
  const unsure = scripted({ team: reply("shipping"), text: reply("Dear all") });
  const parts = makeParts({ ladder: [unsure] }, journal);
  for (const id of items) {
    const taken = await journal.begin({ loop: "asks", version: "1", item: id, content: "c", input: { id } });
    if (taken.kind === "taken") await runItem(loop, taken, parts);
  }
  const reviewed = await reviewInTerminal({
    session: { journal },
    keyboard,
    continuing: { goOn: (run) => continueRun(run, loop, parts) },
    loop: undefined,
    all: false,
    by: "ana",
  });
  return { journal, reviewed };
}

const said = (journal: Journal): unknown[] =>
  [...journal.runs({})].map(({ outcome }) =>
    outcome?.kind === "done" ? (outcome.output as { said: unknown }).said : null,
  );

test("a key answers, Enter takes the suggestion, 0 is the way out, s skips, and runs go on", async () => {
  const { journal, reviewed } = await review(["a", "b", "c", "d"], typing("1", "\r", "0", "s"));
  expect(said(journal)).toEqual(["billing", "shipping", "none of these", null]);
  expect(reviewed).toEqual({ answered: 3, skipped: 1, left: 1 });
  expect(shown).toContain("scripted suggests: ");
  expect(shown).toContain('item a (run 1): done, {"said":"billing"}');
});

describe("an answer that will be evidence", () => {
  /** What a screen says of what the rungs made of the item: their names, their figures, a key that takes it over. */
  const leads = (screen: string): readonly string[] =>
    ["scripted", "suggests", "suggestion", "0.83", "0.3", "█", "Enter"].filter((hint) => screen.includes(hint));

  test("is asked for blind, says why, and tells afterwards what the rungs had said", async () => {
    const screens: string[] = [];
    const keys = ["\r", "1", null];
    const key = async (): Promise<string | null> => {
      screens.push(shown);
      return keys.shift() ?? null;
    };
    const { journal, reviewed } = await review(["promised"], { key, line: async () => null });
    expect(screens[0]).toContain("asked blind: your answer tests the model");
    expect(leads(screens[0]!)).toEqual([]);
    expect(screens[1]).toContain("there is no suggestion to take");
    expect(reviewed).toEqual({ answered: 1, skipped: 0, left: 0 });
    expect(shown).toContain("✓ billing   scripted had said shipping at 0.30");
    expect([...journal.labels.answered("team", journal.policy.read("team")[0]!.version)]).toHaveLength(1);
  });

  test("would be led by a screen with a suggestion, as that of a question without a label is", async () => {
    const { journal } = await review(["promised", "a", "promised text"], typing("q"));
    const [promised, plain, text] = [...waitingQuestions(journal)];
    const screen = (waiting: WaitingQuestion): string =>
      questionLines(waiting, "1 of 1", 24).join("\n") + keysLine(waiting);
    const [{ waiting }] = [...journal.waiting()] as [WaitingStep];
    expect(waiting.label?.sample).toBe("random");
    expect(leads(screen(promised!))).toEqual([]);
    // Control: the same question with what its journal knows is caught.
    expect(leads(screen({ ...promised!, trail: waiting.trail }))).not.toEqual([]);
    expect(leads(screen({ ...promised!, suggestion: plain!.suggestion }))).not.toEqual([]);
    expect(leads(screen({ ...promised!, reason: plain!.reason }))).not.toEqual([]);
    expect(leads(screen(plain!))).not.toEqual([]);
    // A text has no single right answer: no promise can be given, and none is tested.
    expect([promised!.isBlind, plain!.isBlind, text!.isBlind]).toEqual([true, false, false]);
    expect(text!.suggestion?.value).toBe("Dear all");
  });
});

test("q leaves the rest, and keys that mean nothing do nothing", async () => {
  const { reviewed } = await review(["a", "b"], typing("9", "x", "\u001b[A", "2", "q"));
  expect(reviewed).toEqual({ answered: 1, skipped: 0, left: 1 });
});

test("a score is its own key, and many options are typed by name", async () => {
  const { journal } = await review(["score", "many"], typing("4", "1", "e", "option 5", "e", "option 59"));
  expect(said(journal)[0]).toBe(4);
  // "option 5" is a name; the line was taken and what came after was not needed.
  expect(said(journal)[1]).toBe("option 5");
});

test("fields and texts are edited until they fit", async () => {
  const { journal } = await review(
    ["fields", "text"],
    typing("e", "=", '{"cents":"1"}', '{"cents":1,"name":"x"}', "e", " ", "Dear you"),
  );
  expect(said(journal)).toEqual([{ cents: 1, name: "x" }, "Dear you"]);
  expect(shown).toContain("fill it in first");
  expect(shown).toContain("name is missing");
  expect(shown).toContain("the text is empty");
});

test("what an item holds cannot command the terminal", async () => {
  await review(["a"], typing("q"));
  expect(shown).toContain("item a␛[31m");
});

test("the ways of --changed are those of a batch", async () => {
  const { Command } = await import("commander");
  const { addRun } = await import("./commands/run.ts");
  const program = new Command();
  addRun(program, () => {});
  const option = program.commands[0]?.options.find((one) => one.long === "--changed");
  expect(option?.argChoices).toEqual([...changedWays]);
});
