/** `pawl eval` on a journal of real tickets whose labels taught the words rung. */

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { Question } from "../core/question.ts";
import { banking8, loadTickets } from "../data/tickets.ts";
import { openJournal } from "../journal/sqlite.ts";
import { clusterKey } from "../learn/clusters.ts";
import { QuestionPolicy } from "../policy/question-policy.ts";
import { words } from "../rung/words.ts";
import { type EvalOptions, evaluateQuestions } from "./eval.ts";
import { reportOfAll } from "./report-file.ts";
import { openSession } from "./session.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const config = `
import { defineConfig, person } from ${source("../index.ts")};
import { words } from ${source("../rung/words.ts")};
export default defineConfig({ ladder: [words(), person()], journal: "tickets.db" });
`;

/** Labels that a first and a second version learn from, and that neither does. */
const taught = [300, 500, 620] as const;

/** The beginning of a ticket that neither version has seen. */
let unseen: string;
let folder: ReturnType<typeof temporaryFolder>;

beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(folder.file("pawl.config.ts"), config);
  await fill("tickets.db", taught);
  await fill("few.db", [40]);
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

/** A journal with labelled tickets; the question learns after each of the numbers but the last. */
async function fill(name: string, steps: readonly number[]): Promise<void> {
  const { ask, cue, options, fold } = banking8();
  const rest = { fields: null, tools: [], maxTokens: 0, stop: [], onText: null, split: null, check: null };
  const offered = Object.entries(options).map(([option, description]) => ({ name: option, description }));
  const spec = { verb: "choose" as const, ask, cue, options: offered, otherwise: null, ...rest };
  const question = new Question(
    "team",
    "team",
    spec,
    () => "",
    (raw) => ({ ok: true, value: raw }),
  );
  const tickets = await loadTickets("train");
  const journal = openJournal(folder.file(name));
  const settings = { risk: 0.1, delta: 0.05, classes: {}, holdsAudits: false };
  const parts = { journal, rungs: [words()], upper: "person", now: Date.now, say: () => {} };
  const policy = new QuestionPolicy(question, settings, parts);
  let from = 0;
  for (const [index, to] of steps.entries()) {
    await journal.labels.add(
      tickets.slice(from, to).map(({ text, intent, id }) => ({
        question: "team",
        version: question.version,
        cluster: clusterKey(text),
        about: text,
        sample: "random",
        propensity: 1,
        key: null,
        stood: null,
        decision: `tickets-${id}/team`,
        answer: { value: fold[intent]!, source: "person", by: "ana" },
      })),
    );
    from = to;
    if (index < steps.length - 1) await policy.advance(new AbortController().signal, { now: true });
  }
  unseen = tickets[from - 1]!.text;
  await journal.close();
}

function pawl(...given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const parts = ["--conditions=pawl-source", main, "eval", ...given];
  return new Promise((resolve) => {
    execFile(process.execPath, parts, { cwd: folder.path }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

describe("pawl eval", () => {
  test("judges the newest version on labels that it has not seen, and the one before on the same", async () => {
    const { code, out } = await pawl("team", "--json");
    expect(code).toBe(0);
    const [{ evaluation, comparison, state }] = JSON.parse(out).questions;
    const { heldOut, leftOut, samples, sources } = evaluation.labels;
    expect(state).toBe("cold");
    expect(evaluation.trainedOn + leftOut.trained).toBeGreaterThan(900);
    expect(heldOut).toBeGreaterThan(100);
    expect(heldOut).toBeLessThanOrEqual(taught[2] - taught[1]);
    expect([samples, sources]).toEqual([{ random: heldOut }, { person: heldOut }]);
    // Eight teams: far above chance, and not perfect.
    expect(evaluation.accuracy.share).toBeGreaterThan(0.6);
    expect(evaluation.accuracy.share).toBeLessThan(0.99);
    expect(evaluation.price).toEqual({ amount: 0.5, unit: "minutes" });
    expect(evaluation.frontier[0]).toEqual({ escalated: 1, error: 0, cost: 500 });
    expect(evaluation.classes.classes).toHaveLength(8);
    expect(comparison.after).toBe(evaluation.key);
    expect(comparison.figures.items).toBe(heldOut);
    expect(comparison.flips).toHaveLength(comparison.figures.fixed.length + comparison.figures.broken.length);
    expect(out).not.toContain('"about"');
    expect(out).not.toContain(JSON.stringify(unseen));
  });

  test("prints it for people, and writes a page", async () => {
    const { code, out, err } = await pawl("--report", "report.html");
    expect(code).toBe(0);
    expect(out).toMatch(/right if nothing went up {2}\d\d\.\d % \(\d\d\.\d to \d\d\.\d\)/);
    expect(out).toContain("decides nothing");
    expect(out).toContain("In hindsight, kept at an error of at most");
    expect(out).toMatch(/exact McNemar p (<|\d)/);
    expect(err).toContain("report: report.html");
    const page = readFileSync(folder.file("report.html"), "utf8");
    expect(page).toContain("other machines contacted: none on record");
    expect(page.match(/<figure>/g)).toHaveLength(3);
    for (const text of [out, page]) expect(text).not.toMatch(/\b(NaN|Infinity|undefined)\b/);
  });

  test("compares the versions that are named, older first", async () => {
    const [{ evaluation, comparison }] = JSON.parse((await pawl("--json")).out).questions;
    const named = await pawl(
      "team",
      "--key",
      comparison.before.slice(0, 8),
      "--against",
      evaluation.key,
      "--json",
      "--texts",
    );
    const [other] = JSON.parse(named.out).questions;
    expect(other.evaluation.key).toBe(comparison.before);
    expect(other.evaluation.labels.heldOut).toBeGreaterThan(evaluation.labels.heldOut);
    expect(other.comparison.figures).toEqual(comparison.figures);
    expect(other.comparison.flips.every(({ about }: { about: unknown }) => typeof about === "string")).toBe(true);
  });

  test("has the same page for pawl status, which opens no model", async () => {
    const session = await openSession({ config: folder.file("pawl.config.ts"), existing: true });
    await reportOfAll(folder.file("status.html"), session, { signal: new AbortController().signal });
    await session.close();
    const [status, own] = ["status.html", "report.html"].map((name) => readFileSync(folder.file(name), "utf8"));
    const figures = (page: string | undefined) => page?.match(/<figure>.*?<\/figure>/gs);
    expect(figures(status)).toHaveLength(3);
    expect(figures(status)).toEqual(figures(own));
  });

  const refused = async (name: string | undefined, options: EvalOptions) => {
    const files = { config: folder.file("pawl.config.ts"), journal: folder.file(options.journal ?? "tickets.db") };
    return await evaluateQuestions(name, { ...options, ...files, json: true }).catch((thrown: unknown) => thrown);
  };

  test("says how many labels are missing", async () => {
    expect(await refused("team", { journal: "few.db" })).toMatchObject({
      code: "E_NO_LABELS",
      message: expect.stringMatching(
        /team: not enough labels: \d+ more until team first learns from them \((39|40) so far\)/,
      ),
    });
  });

  test("refuses questions, versions and files that are not there", async () => {
    expect(await refused("tema", {})).toMatchObject({
      code: "E_NO_QUESTION",
      message: expect.stringMatching(/those that did: team$/),
    });
    expect(await refused("team", { key: "zzz" })).toMatchObject({ code: "E_NO_VERSION" });
    expect(await refused("team", { against: "zzz" })).toMatchObject({ code: "E_NO_VERSION" });
    expect(await refused("team", { journal: "no.db" })).toMatchObject({ code: "E_NO_JOURNAL" });
    expect(await refused("team", { report: folder.file("no/r.html") })).toMatchObject({ code: "E_REPORT" });
  });
});
