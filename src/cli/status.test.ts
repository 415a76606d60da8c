/** `pawl status` and `pawl calibrate`: what the record says of promises, coins that were changed, and a look at another risk. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import type { StandingRecord } from "../core/answer.ts";
import type { Event } from "../core/event.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/sqlite.ts";
import { checkCoins } from "./coins.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);

let folder: ReturnType<typeof temporaryFolder>;

/** A word of letters alone: digits would make all texts one cluster. */
const word = (row: number): string => [...String(row)].map((digit) => "abcdefghij"[Number(digit)]).join("");

beforeAll(async () => {
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
  const config = (ladder: string): string =>
    `import { defineConfig } from ${source("../config/config.ts")};
     import { person } from ${source("../rung/person.ts")};
     import { words } from ${source("../rung/words.ts")};
     import { scripted } from ${source("../testing.ts")};
     export default defineConfig({ ladder: [${ladder}] });`;
  writeFileSync(folder.file("pawl.config.ts"), config("words(), person()"));
  writeFileSync(folder.file("other.config.ts"), config(`words(), scripted({}, { name: "new" }), person()`));
  const rows = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => from + index).map((row) =>
      row % 2 === 0 ? `please refund ${word(row)},billing` : `my parcel ${word(row)} is late,shipping`,
    );
  writeFileSync(folder.file("past.csv"), `text,team\n${rows(0, 330).join("\n")}\n`);
  writeFileSync(folder.file("new.csv"), `text,team\n${rows(1000, 1120).join("\n")}\n`);
  expect((await pawl("learn", "mails.ts", "past.csv", "--label", "team", "--no-curve", "-q")).code).toBe(0);
  await pawl("run", "mails.ts", "new.csv", "-q");
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

function pawl(...given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const parts = ["--conditions=pawl-source", main, ...given];
  return new Promise((resolve) => {
    execFile(process.execPath, parts, { cwd: folder.path }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

async function inJournal<T>(look: (journal: Journal) => T | Promise<T>): Promise<T> {
  const journal = openJournal(folder.file("pawl.db"));
  try {
    return await look(journal);
  } finally {
    await journal.close();
  }
}

describe("pawl status", () => {
  test("tells the promise, what it rests on, the audits, what would move it, and what happened with dates", async () => {
    const { code, out } = await pawl("status", "team", "--history");
    expect(code).toBe(0);
    expect(out).toMatch(/^team {2}PROBATION {2}risk 10 %/);
    expect(out).toMatch(/promise .*at most 10 % of the answers to "team" that stand locally are wrong/);
    expect(out).toContain("It rests on a labelled past");
    expect(out).toContain("That any single answer is right.");
    expect(out).toContain("covers    words (learned), below person");
    expect(out).toMatch(/audits +none answered yet, \d+ open/);
    expect(out).toMatch(/labels +330: history \d+, random \d+; from known 330/);
    expect(out).toMatch(/moved by +\d+ audits without an answer: pawl label/);
    expect(out).toMatch(/^\d+ coins verified$/m);
    expect(out).not.toContain("the local rungs were");
    expect(out).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d {2}met for the first time, with a risk of 10 %/);
    expect(out).toMatch(/: learned from \d+ labels \(words\)/);
    expect(out).toMatch(/: certified at 10 %; of \d+ labels/);
  });

  test("counts an audit that was answered, with the share of wrong ones and its interval", async () => {
    const wrong = await inJournal(async ({ labels }) => {
      const [first, second] = [...labels.open("team")];
      await labels.answer(first!.number, { value: first!.stood, source: "person", by: "ana" });
      const other = second!.stood === "billing" ? "shipping" : "billing";
      return await labels.answer(second!.number, { value: other, source: "person", by: "ana" });
    });
    expect(wrong).toBe(true);
    const { out } = await pawl("status", "--json");
    const [team] = JSON.parse(out).questions;
    expect(team.audits.estimate).toMatchObject({ audited: 2, wrong: 1 });
    // Two of some hundred: an interval that says so.
    const { low, high } = team.audits.estimate.weighted;
    expect(low).toBeLessThan(0.05);
    expect(high).toBeGreaterThan(0.9);
    expect(team.labels.bySource).toEqual({ known: 330, person: 2 });
    expect((await pawl("status")).out).toMatch(/audits +2 answered, 1 wrong: [\d.]+ % of \d+ that stood \(/);
  });

  test("says where the config's ladder is another than the certified one", async () => {
    const { out } = await pawl("status", "--config", "other.config.ts");
    expect(out).toContain("the local rungs were words; the config's are words, new");
  });

  test("has a clear word for a journal without promises, and for a name that is none", async () => {
    await openJournal(folder.file("empty.db")).close();
    expect(await pawl("status", "--journal", "empty.db")).toMatchObject({
      code: 0,
      out: "No question of this journal has asked for a promise.\nother machines contacted: none on record\n",
      err: expect.stringContaining("with a risk"),
    });
    expect(await pawl("status", "teem")).toMatchObject({ code: 2, err: expect.stringContaining("there is team") });
    expect(await pawl("status", "--journal", "none.db")).toMatchObject({ code: 2 });
  });
});

describe("paid calls", () => {
  test("are summed up at the end of pawl status, with what is not known of them", async () => {
    const journal = openJournal(folder.file("paid.db"));
    const { calls } = journal;
    for (const [path, cost] of [
      ["a", 0.5],
      ["b", null],
    ] as const) {
      const of = { run: "r", path, rung: "remote", attempt: 0, host: "api.example", model: "big", most: null };
      const { number } = await calls.intend({ ...of, content: path });
      const usage = { inputTokens: 1, outputTokens: 1, milliseconds: 1, cost };
      await calls.settle(number, { reply: null, usage, maybePaid: false });
    }
    await journal.close();
    expect((await pawl("status", "--journal", "paid.db")).out).toMatch(/^2 paid calls: 0.50 USD, 1 unpriced$/m);
    const { paid } = JSON.parse((await pawl("status", "--journal", "paid.db", "--json")).out);
    expect(paid).toMatchObject({ currency: "USD", calls: 2, cost: 0.5, unpriced: 1, maybePaidTwice: 0 });
  });
});

describe("the coins of a journal", () => {
  type Looked = Parameters<typeof checkCoins>[0] & Pick<Journal, "policy">;
  const partsOf = (journal: Journal): Looked => {
    const { labels, secret, policy } = journal;
    return { labels, secret, policy, runs: (filter) => journal.runs(filter), events: (run) => journal.events(run) };
  };
  /** The journal with one standing written over. */
  function tampered(journal: Journal, change: (standing: StandingRecord) => StandingRecord): Looked {
    let isFirst = true;
    const events = (run: number): readonly Event[] =>
      journal.events(run).map((event) => {
        if (event.type !== "step_answered" || !event.standing || !isFirst) return event;
        const standing = change(event.standing);
        if (standing !== event.standing) isFirst = false;
        return { ...event, standing };
      });
    return { ...partsOf(journal), events };
  }
  const metIn = (journal: Looked) =>
    journal.policy.read().flatMap((event) => (event.type === "question_met" ? [event.record] : []));
  const kinds = (journal: Looked): readonly string[] =>
    checkCoins(journal, metIn(journal)).faults.map(({ kind }) => kind);

  test("are verified one by one; each that was written over is a fault", async () => {
    await inJournal((journal) => {
      const sound = checkCoins(journal, metIn(journal));
      expect(sound.faults).toEqual([]);
      expect(sound.verified).toBeGreaterThan(100);
      expect(kinds(tampered(journal, (standing) => ({ ...standing, propensity: 0.01 })))).toContain("seal");
      expect(kinds(tampered(journal, (standing) => ({ ...standing, state: "certified" })))).toEqual(["seal"]);
      const undrawn = tampered(journal, (standing) => (standing.audited ? { ...standing, audited: false } : standing));
      expect(kinds(undrawn)).toEqual(["seal", "coin"]);
    });
  });

  test("that were drawn have their audit", async () => {
    await inJournal((journal) => {
      const { labels } = journal;
      const none = { add: () => Promise.resolve(), answer: () => Promise.resolve(false), last: () => 0 };
      const counts = () => ({ answered: 0, open: 0 });
      const without = {
        ...partsOf(journal),
        labels: { ...none, counts, open: () => [], answered: () => [], aside: () => [] },
      };
      expect([...labels.open()].length).toBeGreaterThan(1);
      expect(new Set(kinds(without))).toEqual(new Set(["absent"]));
    });
  });
});

describe("pawl calibrate", () => {
  const policyEvents = (): Promise<number> => inJournal((journal) => journal.policy.read().length);

  test("looks at another risk and records nothing", async () => {
    const before = await policyEvents();
    const { code, out } = await pawl("calibrate", "team", "--risk", "0.2", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out).questions).toMatchObject([{ question: "team", risk: 0.2, test: { kind: "certified" } }]);
    const strict = await pawl("calibrate", "--risk", "0.0001");
    expect(strict.out).toMatch(/not enough evidence yet for 0\.01 %/);
    expect(await policyEvents()).toBe(before);
    expect(await pawl("calibrate", "--risk", "2")).toMatchObject({ code: 2 });
    expect(await pawl("calibrate", "--risk", "0.1", "--now")).toMatchObject({ code: 2 });
  });

  test("learns at once where it is told to, and says what is missing then", async () => {
    const before = await policyEvents();
    const { code, out } = await pawl("calibrate", "--now");
    expect(code).toBe(0);
    expect(out).toMatch(/learned +version [0-9a-f]{16} from \d+ labels/);
    expect(out).toMatch(/trial +version [0-9a-f]{16}: not enough evidence yet/);
    expect(await policyEvents()).toBe(before + 1);
    expect((await pawl("status")).out).toMatch(/trial +version [0-9a-f]{16}, learned from 332 labels: 0 labels so far/);
  });
});
