/** Labels by hand: which decisions are asked, that nothing leads the answer, and what is filed. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { makeParts } from "../config/parts.ts";
import type { LabelSample, OpenLabel } from "../core/label.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { defineLoop } from "../loop/loop.ts";
import { runItem } from "../loop/run.ts";
import { askedIn } from "../review/asked.ts";
import type { WaitingQuestion } from "../review/waiting.ts";
import { scripted } from "../rung/scripted.ts";
import type { Keys } from "./keyboard.ts";
import { type Candidate, planLabels } from "./label-plan.ts";
import { type Ask, labelInTerminal } from "./label-terminal.ts";

const secretOf = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => (seed >> (index % 16)) & 255);

const decisions = (distances: readonly (number | null)[]): Candidate[] =>
  distances.map((distance, index) => ({
    decision: `j-${index}/team`,
    cluster: `c${index}`,
    isWaiting: false,
    distance,
  }));

const plan = (
  candidates: readonly Candidate[],
  count: number,
  labelled: readonly { cluster: string; sample: LabelSample }[] = [],
  seed = 7,
  open: readonly OpenLabel[] = [],
  unanswered: readonly { cluster: string; sample: LabelSample }[] = [],
) =>
  planLabels({ decisions: candidates, labelled, open, unanswered, secret: secretOf(seed), question: "team 1", count });

const namesOf = (candidates: readonly Candidate[]): readonly string[] => candidates.map(({ cluster }) => cluster);

describe("the plan", () => {
  const distance = fc.option(fc.double({ min: 0, max: 2, noNaN: true }));

  test("draws the same, whatever the confidences and whatever was picked before", () => {
    fc.assert(
      fc.property(fc.array(distance, { minLength: 8, maxLength: 60 }), fc.nat(5), (distances, picks) => {
        const first = plan(decisions(distances.map(() => null)), 8);
        const second = plan(decisions(distances), 8);
        expect(namesOf(second.random)).toEqual(namesOf(first.random));
        const picked = second.chosen.slice(0, picks).map(({ cluster }) => ({ cluster, sample: "chosen" as const }));
        expect(namesOf(plan(decisions(distances), 8, picked).random)).toEqual(namesOf(first.random));
      }),
    );
  });

  test("goes on with the draw where it stood: what was drawn first and what follows are one draw", () => {
    const all = decisions(Array.from({ length: 60 }, () => null));
    const first = plan(all, 10);
    const drawn = first.random.map(({ cluster }) => ({ cluster, sample: "random" as const }));
    const both = [...namesOf(first.random), ...namesOf(plan(all, 10, drawn).random)];
    expect(both).toEqual(namesOf(plan(all, 20).random));
  });

  test("draws each decision equally often over the secrets, the sure ones as the unsure", () => {
    const candidates = decisions(Array.from({ length: 20 }, (_, index) => index / 20));
    const times = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      const secret = new TextEncoder().encode(`secret number ${seed} of this test`);
      const { random } = planLabels({
        decisions: candidates,
        labelled: [],
        open: [],
        unanswered: [],
        secret,
        question: "q",
        count: 4,
      });
      for (const { cluster } of random) times[Number(cluster.slice(1))]!++;
    }
    // 200 each is expected, with a standard deviation of 13.4: five of them on either side.
    for (const count of times) expect(Math.abs(count - 200)).toBeLessThan(67);
  });

  test("(control) picks go by distance: the nearest first", () => {
    const { chosen } = plan(decisions(Array.from({ length: 60 }, (_, index) => (60 - index) / 60)), 8);
    const distances = chosen.map(({ distance: near }) => near!);
    expect(distances).toEqual(distances.toSorted((a, b) => a - b));
    expect(Math.max(...distances)).toBeLessThan(0.5);
  });

  test("draws nothing once something of the draw has a label that is no evidence", () => {
    const all = decisions(Array.from({ length: 40 }, () => 0.5));
    const [first] = plan(all, 8).random;
    const label = (sample: LabelSample) => [{ cluster: first!.cluster, sample }];
    expect(plan(all, 8, label("escalated"))).toMatchObject({ isSpent: true, random: [] });
    expect(plan(all, 8, label("random")).isSpent).toBe(false);
    expect(plan(all, 8, label("audit")).random.length).toBe(4);
  });

  describe("while some wait for a person", () => {
    const all = decisions(new Array(200).fill(null));
    const inOrder = namesOf(plan(all, 400).random);
    const samples = fc.array(fc.nat(199), { maxLength: 20 });

    test("comes up to the first of them, and the draw stays the first so many of one order", () => {
      fc.assert(
        fc.property(samples, fc.boolean(), fc.integer({ min: 1, max: 200 }), (places, withLabel, count) => {
          const waiting = new Set(places.map((place) => `c${place}`));
          const candidates = all.map((one) => ({ ...one, isWaiting: waiting.has(one.cluster) }));
          const unanswered = withLabel ? [...waiting].map((cluster) => ({ cluster, sample: "random" as const })) : [];
          const { random, isHeld, isSpent, chosen } = plan(candidates, count, [], 7, [], unanswered);
          const first = inOrder.findIndex((cluster) => waiting.has(cluster));
          const most = first === -1 ? inOrder.length : first;
          expect(namesOf(random)).toEqual(inOrder.slice(0, Math.min(most, random.length)));
          expect(isSpent).toBe(false);
          expect(isHeld).toBe(first !== -1 && random.length === most);
          expect(namesOf(chosen).filter((cluster) => waiting.has(cluster))).toEqual([]);
        }),
      );
    });

    test("goes on behind it once it has its answer", () => {
      const waits = (isWaiting: boolean) =>
        all.map((one) => ({ ...one, isWaiting: isWaiting && one.cluster === inOrder[3] }));
      const before = plan(waits(true), 400);
      expect(namesOf(before.random)).toEqual(inOrder.slice(0, 3));
      const labelled = inOrder.slice(0, 4).map((cluster) => ({ cluster, sample: "random" as const }));
      expect(namesOf(plan(waits(false), 400, labelled).random)).toEqual(inOrder.slice(4));
    });

    test("draws nothing where what waits went up for its own sake: its answer would be the hole", () => {
      const candidates = all.map((one) => ({ ...one, isWaiting: one.cluster === inOrder[9] }));
      const unanswered = [{ cluster: inOrder[9]!, sample: "escalated" as const }];
      const { random, isSpent } = plan(candidates, 40, [], 7, [], unanswered);
      expect([random, isSpent]).toEqual([[], true]);
    });

    test("(control) passing over what waits would draw the easy ones alone", () => {
      // Every third is hard: it went up, and its person has not come to it.
      const isHard = (cluster: string): boolean => Number(cluster.slice(1)) % 3 === 0;
      const candidates = all.map((one) => ({ ...one, isWaiting: isHard(one.cluster) }));
      const passedOver = inOrder.filter((cluster) => !isHard(cluster)).slice(0, 30);
      expect(passedOver.filter(isHard)).toHaveLength(0);
      expect(inOrder.slice(0, 30).filter(isHard).length).toBeGreaterThan(4);
      const drawn = namesOf(plan(candidates, 60).random);
      expect(drawn).toEqual(inOrder.slice(0, drawn.length));
      expect(drawn).not.toEqual(passedOver);
    });
  });

  test("asks audits first, never a waiting decision, and each text once", () => {
    const waiting = decisions([0, 0, 0, 0]).map((one) => ({ ...one, isWaiting: true }));
    expect(plan(waiting, 4)).toMatchObject({ random: [], chosen: [], waiting: 4 });
    const twins = decisions([0, 0, 0]).map((one) => ({ ...one, cluster: "same" }));
    const { random, chosen, population } = plan(twins, 4);
    expect([random.length + chosen.length, population]).toEqual([1, 1]);
    const audit = { number: 1, cluster: "other", sample: "audit" } as unknown as OpenLabel;
    expect(plan(decisions(new Array(40).fill(0)), 4, [], 7, [audit])).toMatchObject({
      audits: [audit],
      random: [{}],
      chosen: [{}, {}],
    });
  });
});

describe("with single keys", () => {
  let shown = "";
  beforeEach(() => {
    shown = "";
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      shown += String(text);
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  const question = {
    verb: "choose" as const,
    name: "team",
    ask: "Which?",
    about: "my parcel",
    options: ["billing", "shipping"].map((name) => ({ name, description: "" })),
    otherwise: null,
    fields: null,
    tools: [],
    version: "v",
  };

  async function label(keys: string, asks = 3) {
    const typed = [...keys];
    const keyboard: Keys = { key: async () => typed.shift() ?? null, line: async () => null };
    const filed: string[] = [];
    const all = Array.from({ length: asks }, (_, index): Ask => {
      const waiting = { run: { item: `i${index}`, number: index, loop: "l" }, path: "team", question };
      return {
        shown: { ...waiting, trail: [], suggestion: null, reason: "", risk: null } as unknown as WaitingQuestion,
        isUniform: index % 2 === 0,
        async file(value) {
          filed.push(`i${index} ${value as string}`);
          return true;
        },
      };
    });
    return { labelled: await labelInTerminal(all, keyboard), filed };
  }

  test("each answer is filed once, and the end says how many were at random", async () => {
    const { labelled, filed } = await label("121");
    expect(filed).toEqual(["i0 billing", "i1 shipping", "i2 billing"]);
    expect(labelled).toEqual({ filed: 3, uniform: 2, skipped: 0 });
    expect(shown).toContain("3 of 3 · 1 at random");
  });

  test("u takes the last answer back before it is filed, and asks again", async () => {
    const { filed } = await label("1u21q");
    expect(filed).toEqual(["i0 shipping", "i1 billing"]);
  });

  test("s skips, q ends, and what was answered is filed", async () => {
    const { labelled, filed } = await label("s2q");
    expect([filed, labelled]).toEqual([["i1 shipping"], { filed: 1, uniform: 0, skipped: 1 }]);
  });

  test("u means nothing where there is nothing to take back", async () => {
    const { filed } = await label("u1q");
    expect(filed).toEqual(["i0 billing"]);
  });
});

test("a replay finds the texts that a run asked about, in branches and under indices, and asks no rung", async () => {
  let asked = 0;
  const rung = scripted(() => {
    asked++;
    return "yes";
  });
  const loop = defineLoop({
    name: "texts",
    version: "1",
    input: z.object({ text: z.string() }),
    output: z.string(),
    async run({ text }, step) {
      await step.judge(["part", 1], { about: `${text} 1`, ask: "Is it?" });
      await step.all("both", { left: async (own) => own.judge("side", { about: { text }, ask: "Is it?" }) });
      return text;
    },
  });
  const journal = memoryJournal();
  const parts = makeParts({ ladder: [rung] }, journal);
  const input = { text: "hello" };
  const taken = await journal.begin({ loop: "texts", version: "1", item: "a", content: "c", input });
  if (taken.kind === "taken") await runItem(loop, taken, parts);
  expect(asked).toBe(2);
  const found = await askedIn(loop, journal.run(1)!, journal.events(1), parts);
  expect(Object.fromEntries(found)).toEqual({
    "part/1": { name: "part", about: "hello 1" },
    "both/left/side": { name: "side", about: "text: hello" },
  });
  expect(asked).toBe(2);
});

describe("the command", () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pawl-label-"));
    writeFileSync(
      join(folder, "mails.ts"),
      `import { defineLoop } from ${source("../index.ts")};
import { z } from ${zod};
export default defineLoop({
  name: "mails", version: "1", input: z.object({ id: z.string(), text: z.string() }), output: z.string(),
  run: async (mail, step) =>
    (await step.choose("team", { about: mail.text, ask: "Which?", options: ["billing", "shipping"], risk: 0.05 })).value,
});`,
    );
    writeFileSync(
      join(folder, "pawl.config.ts"),
      `import { defineConfig } from ${source("../index.ts")};
import { words } from ${source("../rung/words.ts")};
export default defineConfig({ ladder: [words()] });`,
    );
    const teams = ["billing", "shipping"];
    const mails = Array.from({ length: 40 }, (_, i) => `m${i},${"word ".repeat(i + 1)},${teams[i % 2]}\n`);
    writeFileSync(join(folder, "mails.csv"), `id,text,team\n${mails.join("")}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function pawl(...args: string[]) {
    return new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) => {
      const child = spawn(process.execPath, ["--conditions=pawl-source", main, ...args], {
        cwd: folder,
        env: { ...process.env, NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [out, err] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        err += text;
      });
      child.on("close", (code) => resolve({ code, out, err }));
    });
  }

  test("from a shadow run to labels on record: list, answer, and never the same again", async () => {
    const ran = await pawl("run", "mails.ts", "mails.csv", "--shadow", "--quiet", "--json");
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ done: 40, shadow: { questions: [{ step: "team", known: 0 }] } });

    let journal = openJournal(join(folder, "pawl.db"));
    const { version } = journal.policy.read("team")[0]!;
    const of = { question: "team", version, about: "where is it", cluster: "x", propensity: 0.1, key: "k" };
    await journal.labels.add([{ ...of, sample: "audit", stood: "shipping", decision: "j-1/other", answer: null }]);
    await journal.close();

    const listed = await pawl("label", "--json", "--count", "11");
    const { labels: all, population } = JSON.parse(listed.out) as {
      population: number;
      labels: { decision: string; number?: number; sample: string; about: string }[];
    };
    const [audit, ...labels] = all;
    // Nothing that leads to what stood.
    expect(audit).toMatchObject({ number: expect.any(Number), sample: "audit", about: "where is it" });
    expect(Object.keys(audit!)).not.toContain("stood");
    expect(Object.keys(audit!)).not.toContain("decision");
    expect(population).toBe(40);
    expect(labels.map(({ sample }) => sample).toSorted()).toEqual([
      ...new Array(5).fill("chosen"),
      ...new Array(5).fill("random"),
    ]);
    expect(labels.every(({ about }) => about.startsWith("word"))).toBe(true);

    const lines = all.map(({ decision, number }) => JSON.stringify({ decision, number, value: "billing" }));
    writeFileSync(join(folder, "bad.jsonl"), [...lines, '{"decision":"x","value":"billing"}'].join("\n"));
    const bad = await pawl("label", "team", "--answers", "bad.jsonl");
    expect([bad.code, bad.err]).toEqual([
      2,
      'pawl: bad.jsonl, line 12: "x" is no decision or open audit of team (E_VALUE)\n',
    ]);

    writeFileSync(join(folder, "good.jsonl"), lines.join("\n"));
    const good = await pawl("label", "team", "--answers", "good.jsonl", "--count", "11", "--by", "ana");
    expect(good.out).toContain("11 labels of team filed");
    expect(good.out).toContain("learned yet: 11 labels so far");
    journal = openJournal(join(folder, "pawl.db"));
    const filed = [...journal.labels.answered("team", version)];
    const stillOpen = [...journal.labels.open()];
    await journal.close();
    expect(filed.filter(({ sample, propensity }) => sample === "random" && propensity !== null)).toHaveLength(5);
    expect(filed.find(({ sample }) => sample === "audit")).toMatchObject({
      stood: "shipping",
      answer: { value: "billing" },
    });
    expect(stillOpen).toEqual([]);
    expect(filed.every(({ answer }) => answer.source === "person" && answer.by === "ana")).toBe(true);

    const next = JSON.parse((await pawl("label", "--json", "--count", "100")).out) as { labels: object[] };
    expect(next.labels).toHaveLength(30);
  });

  test("a question that nobody asked for a promise is named, with those that did", async () => {
    const { code, err } = await pawl("label", "colour");
    expect(err).toContain('no question "colour" asked for a promise here: there is team');
    expect(code).toBe(2);
  });
});
