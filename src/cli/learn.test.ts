/** `pawl learn`: which rows of a past become examples of which step, and the command as people meet it. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../../test/support/folder.ts";
import { openJournal } from "../journal/sqlite.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import type { Step } from "../loop/step-types.ts";
import { defineTool } from "../tool/tool.ts";
import { type HistoryOptions, readHistory } from "./history.ts";

const teams = { billing: "Money", shipping: "Parcels" };

function loopOf(run: (text: string, step: Step) => Promise<unknown>): Loop {
  return defineLoop({
    name: "mails",
    version: "1",
    input: z.strictObject({ text: z.string() }),
    output: z.unknown(),
    run: async ({ text }, step) => run(text, step),
  });
}

const oneStep = loopOf((text, step) =>
  step.choose("team", { about: text, ask: "Which team?", options: teams, risk: 0.1 }),
);

async function read(loop: Loop, content: string, options: Partial<HistoryOptions> = {}, name = "past.csv") {
  using folder = temporaryFolder();
  writeFileSync(folder.file(name), content);
  return await readHistory(loop, folder.file(name), {
    label: "team",
    signal: new AbortController().signal,
    ...options,
  });
}

describe("a history", () => {
  test("becomes one example a cluster, in the loop's own words; the loop is not told the answer", async () => {
    const found = await read(
      oneStep,
      "text,team\nrefund 12,billing\nrefund 34,billing\nlate,shipping\nREFUND 5,shipping\n",
    );
    expect(found.examples.map(({ line, about, value }) => [line, about, value])).toEqual([
      [2, "refund 12", "billing"],
      [4, "late", "shipping"],
    ]);
    expect(found).toMatchObject({ rows: 4, duplicates: 2, contradictions: 1, risk: 0.1, setAside: [], strangers: [] });
    expect(found.question.name).toBe("team");
  });

  test("names every label that is no answer, and counts rows without one", async () => {
    const found = await read(oneStep, "text,team\na,billing\nb,sales\nc,Sales\nd,sales\ne, \nf,none of these\n");
    expect(found.strangers).toEqual([
      { label: "sales", rows: 2 },
      { label: "Sales", rows: 1 },
    ]);
    expect(found.unlabelled).toBe(1);
    expect(found.examples.map(({ value }) => value)).toEqual(["billing", "none of these"]);
  });

  test("sets rows aside that the loop cannot take", async () => {
    const lines = [
      '{"text":"a","team":"billing"}',
      '{"text":5,"team":"billing"}',
      "{",
      '{"text":"b","team":"shipping"}',
    ];
    const found = await read(oneStep, lines.join("\n"), {}, "past.jsonl");
    expect(found.setAside.map(({ line }) => line)).toEqual([2, 3]);
    expect(found.setAside[0]!.reason).toMatch(/does not fit the loop's input at text/);
    expect(found.examples).toHaveLength(2);
  });

  test("without its column, or the loop's, is refused", async () => {
    await expect(read(oneStep, "text,label\na,billing\n")).rejects.toMatchObject({
      code: "E_NO_COLUMN",
      message: expect.stringContaining('it has "text", "label"'),
    });
    await expect(read(oneStep, "body,team\na,billing\n")).rejects.toMatchObject({ code: "E_NO_COLUMN" });
  });
});

describe("the step that a history answers", () => {
  const twoSteps = loopOf(async (text, step) => {
    const team = await step.choose("team", { about: text, ask: "Which team?", options: teams, risk: 0.1 });
    const urgent = await step.judge("urgent", { about: `${text}?`, ask: "Is it urgent?", risk: 0.1 });
    const next = await step.choose("next", { about: text, ask: "And then?", options: teams, risk: 0.1 });
    return [team.value, urgent.value, next.value];
  });

  test("must be said where several ask for a promise", async () => {
    const content = "text,team\na,billing\nb,shipping\n";
    // Only a team is answered by such a label: the loop goes no further than the first other question.
    await expect(read(twoSteps, content)).rejects.toMatchObject({ code: "E_STEP", message: /team, urgent.*--step/ });
    expect((await read(twoSteps, content, { step: "team" })).examples).toHaveLength(2);
  });

  test("is not reached where another question comes before it, and that is said", async () => {
    await expect(read(twoSteps, "text,team\na,yes\n", { step: "urgent" })).rejects.toMatchObject({
      code: "E_NO_EXAMPLES",
      message: expect.stringContaining("waits for an answer at team"),
    });
  });

  test("must have a risk, and names as answers", async () => {
    const plain = loopOf((text, step) => step.choose("team", { about: text, ask: "Which?", options: teams }));
    const text = loopOf((about, step) => step.write("team", { about, ask: "Write.", risk: 0.1 }));
    const content = "text,team\na,billing\n";
    await expect(read(plain, content)).rejects.toMatchObject({ code: "E_STEP", message: /it asks team without one/ });
    await expect(read(plain, content, { step: "team" })).rejects.toMatchObject({ code: "E_STEP" });
    await expect(read(text, content, { step: "team" })).rejects.toMatchObject({ code: "E_NOT_CLOSED" });
  });

  test("may be a judgement: yes and no, true and false", async () => {
    const judged = loopOf((text, step) => step.judge("urgent", { about: text, ask: "Is it urgent?", risk: 0.1 }));
    const found = await read(judged, "text,urgent\na,yes\nb,FALSE\nc,true\nd,perhaps\n", { label: "urgent" });
    expect(found.examples.map(({ value }) => value)).toEqual(["yes", "no", "yes"]);
    expect(found.strangers).toEqual([{ label: "perhaps", rows: 1 }]);
  });

  test("is asked about without a tool that changes the world being called", async () => {
    let calls = 0;
    const write = defineTool({
      name: "note",
      description: "Writes a note.",
      effect: "write",
      input: z.object({}),
      output: z.number(),
      run: () => ++calls,
    });
    const calling = loopOf(async (text, step) => {
      await step.call("note", write, {});
      return step.choose("team", { about: text, ask: "Which team?", options: teams, risk: 0.1 });
    });
    expect((await read(calling, "text,team\na,billing\n")).examples).toHaveLength(1);
    expect(calls).toBe(0);
  });
});

describe("pawl learn", () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);
  let folder: ReturnType<typeof temporaryFolder>;

  /** A word of letters alone: digits would make all texts one cluster. */
  const word = (row: number): string => [...String(row)].map((digit) => "abcdefghij"[Number(digit)]).join("");

  beforeAll(() => {
    folder = temporaryFolder();
    writeFileSync(
      folder.file("mails.ts"),
      `import { defineLoop } from ${source("../index.ts")};
       import { z } from ${zod};
       export default defineLoop({
         name: "mails", version: "1", input: z.object({ text: z.string() }), output: z.string(),
         run: async ({ text }, step) => (await step.choose("team", { about: text, ask: "Which team?", options: ["billing", "shipping"], otherwise: false, risk: 0.1 })).value,
       });`,
    );
    writeFileSync(
      folder.file("pawl.config.ts"),
      `import { defineConfig } from ${source("../config/config.ts")};
       import { person } from ${source("../rung/person.ts")};
       import { words } from ${source("../rung/words.ts")};
       export default defineConfig({ ladder: [words(), person()] });`,
    );
    const rows = Array.from({ length: 330 }, (_, row) =>
      row % 2 === 0 ? `please refund ${word(row)},billing` : `my parcel ${word(row)} is late,shipping`,
    );
    writeFileSync(folder.file("past.csv"), `text,team\n${rows.join("\n")}\n`);
    writeFileSync(folder.file("odd.csv"), `text,team\n${rows.join("\n")}\nwhat is it,sales\n`);
  });
  afterAll(() => folder[Symbol.dispose]());

  function pawl(...given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const parts = ["--conditions=pawl-source", main, ...given];
    return new Promise((resolve) => {
      execFile(process.execPath, parts, { cwd: folder.path }, (error, out, err) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
      });
    });
  }

  const events = async (journal: string): Promise<readonly string[]> => {
    const opened = openJournal(folder.file(journal));
    const types = opened.policy.read("team").map(({ type }) => type);
    await opened.close();
    return types;
  };

  test("draws the curve, teaches with two thirds, and certifies on the rest; a second time changes nothing", async () => {
    const first = await pawl("learn", "mails.ts", "past.csv", "--label", "team");
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/labels +right +kept at 10 %, in hindsight/);
    expect(first.out).toMatch(/330 +100\.0 % .*cross-validated/);
    expect(first.out).toMatch(/at most 10 % of the answers to "team" that stand locally are wrong/);
    expect(first.out).toContain("a fair sample of what will come");
    const before = await events("pawl.db");
    expect(before).toEqual(["question_met", "version_made", "certificate_issued"]);

    const again = JSON.parse(
      (await pawl("learn", "mails.ts", "past.csv", "--label", "team", "--no-curve", "--json")).out,
    );
    expect(again).toMatchObject({ attached: { training: 0, testing: 0, known: 330 }, state: "probation", events: [] });
    expect(again.serving.figures).toMatchObject({ wrong: 0, source: "known" });
    expect(await events("pawl.db")).toEqual(before);
    const opened = openJournal(folder.file("pawl.db"));
    expect(opened.labels.counts("team")).toEqual({ answered: 330, open: 0 });
    await opened.close();
  });

  test("tests nothing on a past once a certificate was revoked", async () => {
    let opened = openJournal(folder.file("pawl.db"));
    const issued = opened.policy.read("team").find((event) => event.type === "certificate_issued")!;
    const { question, version, seq, key } = issued as typeof issued & { readonly key: string };
    const of = { question, version, seq, key, at: issued.at + 1, after: opened.labels.last() };
    await opened.policy.append([{ type: "certificate_revoked", ...of, why: "a test" }]);
    await opened.close();
    writeFileSync(folder.file("later.csv"), `text,team\n${"where is my lamp,shipping\nrefund my lamp,billing\n"}`);
    const { out } = await pawl("learn", "mails.ts", "later.csv", "--label", "team", "--no-curve");
    expect(out).toContain("2 new labels to learn from, 0 to test");
    expect(out).toContain("a certificate was revoked, and no past can tell what holds since then");
    opened = openJournal(folder.file("pawl.db"));
    const late = [...opened.labels.aside("team", version, of.after)];
    await opened.close();
    expect(late.map(({ sample }) => sample)).toEqual(["history", "history"]);
  });

  test("promises nothing where all rows teach; a strange label makes it exit 3", async () => {
    const parts = ["--label", "team", "--train-only", "--no-curve", "--journal", "train.db"];
    const { code, out, err } = await pawl("learn", "mails.ts", "odd.csv", ...parts);
    expect(code).toBe(3);
    expect(err).toContain('1 row with a label that is no answer of the question: "sales" 1');
    expect(out).toContain("330 new labels to learn from, 0 to test");
    expect(out).toMatch(/^team {2}COLD/);
    expect(out).toMatch(/not enough evidence yet for 10 %: \d+ more labels, if it errs as it did in training/);
    expect(await events("train.db")).toEqual(["question_met", "version_made"]);
  });

  test("keeps no label with --curve-only", async () => {
    const { code, out } = await pawl(
      "learn",
      "mails.ts",
      "past.csv",
      "--label",
      "team",
      "--curve-only",
      "--json",
      "--journal",
      "curve.db",
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ examples: 330, attached: null, curves: [{ from: "words" }] });
    const opened = openJournal(folder.file("curve.db"));
    expect(opened.labels.last()).toBe(0);
    await opened.close();
  });
});
