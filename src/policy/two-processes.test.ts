/** Two policies on one journal file, each with its own connection, as two processes have them. */

import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { oracle, teams, World } from "../../test/support/promises.ts";
import { askAbout } from "../../test/support/question.ts";
import type { Question } from "../core/question.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/sqlite.ts";
import { clusterKey } from "../learn/clusters.ts";
import { words } from "../rung/words.ts";
import { OpenPolicy } from "./open-policy.ts";
import type { QuestionPolicy } from "./question-policy.ts";

/** Decisions after which a process has looked. No clock moves in these tests. */
const LOOKS_WITHIN = 16;

const risk = 0.1;
const ladder = [words(), oracle(new World())];

function about(text: string): Question {
  const options = teams.map((name) => ({ name, description: "" }));
  return askAbout(text, { options, ask: "?", cue: "" });
}

function letters(count: number): string {
  return [...String(count)].map((digit) => "abcdefghij"[Number(digit)]).join("");
}

/** Labels of texts whose words tell the team; those of `stood` are audits of what stood under that key. */
async function label(journal: Journal, from: number, count: number, audits?: { key: string; truth?: string }) {
  const { version } = about("");
  const labels = Array.from({ length: count }, (_, index) => {
    const team = teams[index % 3]!;
    const text = `${team} please ${letters(from + index)}`;
    const answer = { value: audits?.truth ?? team, source: "known", by: "test" } as const;
    const of = { question: "team", version, cluster: clusterKey(text), about: text, decision: text, answer };
    return audits
      ? { ...of, sample: "audit" as const, propensity: 0.1, key: audits.key, stood: team }
      : { ...of, sample: "random" as const, propensity: 1, key: null, stood: null };
  });
  await journal.labels.add(labels);
}

class Process implements AsyncDisposable {
  readonly journal: Journal;
  readonly policy: OpenPolicy;

  constructor(file: string, deafTo?: "record and labels") {
    this.journal = openJournal(file);
    const usual = { delta: 0.05, of: () => ({}), learns: false, purse: null, now: () => 0, say: () => {} };
    this.policy = new OpenPolicy({ journal: this.journal, ...usual });
    if (deafTo === undefined) return;
    // What it was before: whatever is on record at the first decision, and no more.
    this.question();
    this.journal.policy.since = () => [];
    this.journal.labels.answered = () => [];
  }

  question(): QuestionPolicy {
    return this.policy.of(about(""), risk, ladder)!;
  }

  /** Whether something stands, after one more decision. */
  stands(): boolean {
    return this.policy.standing(about("x"), risk, ladder)!.certificate !== null;
  }

  /** Decisions up to the first of which this is so, itself included. */
  decisionsUntil(stands: boolean): number {
    for (let count = 1; count <= 500; count++) if (this.stands() === stands) return count;
    return Number.POSITIVE_INFINITY;
  }

  async certify(): Promise<string> {
    const { signal } = new AbortController();
    await label(this.journal, 0, 150);
    await this.question().advance(signal, { now: true });
    await label(this.journal, 200, 200);
    await this.question().advance(signal);
    return this.question().report().serving!.key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.policy.close();
    await this.journal.close();
  }
}

test("a certificate of another process stands here, and one that is revoked there stands no longer", async () => {
  using folder = temporaryFolder();
  const file = folder.file("pawl.db");
  await using here = new Process(file);
  expect(here.decisionsUntil(true)).toBe(Number.POSITIVE_INFINITY);
  await using there = new Process(file);
  const key = await there.certify();
  expect(here.decisionsUntil(true)).toBeLessThanOrEqual(LOOKS_WITHIN);
  const { labels: mine, ...shown } = here.question().report();
  const { labels: theirs, ...expected } = there.question().report();
  expect({ ...shown, trial: shown.trial?.key }).toEqual({ ...expected, trial: expected.trial?.key });
  expect(mine).toEqual(theirs);
  await using deaf = new Process(file, "record and labels");
  expect(deaf.stands()).toBe(true);

  const { seq } = mine.at(-1)!;
  const of = { question: "team", version: about("").version, at: 1, seq, after: there.journal.labels.last() };
  await there.journal.policy.append([{ type: "certificate_revoked", ...of, key, why: "a person said so" }]);
  expect(here.decisionsUntil(false)).toBeLessThanOrEqual(LOOKS_WITHIN);
  expect(there.decisionsUntil(false)).toBeLessThanOrEqual(LOOKS_WITHIN);
  expect(here.question().report()).toMatchObject({
    state: "revoked",
    why: expect.stringContaining("a person said so"),
  });
  // (control) A process that looks at its start alone lets everything stand for ever.
  expect(deaf.decisionsUntil(false)).toBe(Number.POSITIVE_INFINITY);
});

test("audits that another process had answered break the promise here, before anybody has put that on record", async () => {
  using folder = temporaryFolder();
  const file = folder.file("pawl.db");
  await using here = new Process(file);
  await using there = new Process(file);
  const key = await there.certify();
  expect(here.decisionsUntil(true)).toBeLessThanOrEqual(LOOKS_WITHIN);
  await label(there.journal, 1000, 60, { key, truth: "none of these" });
  expect(here.decisionsUntil(false)).toBeLessThanOrEqual(LOOKS_WITHIN);
  expect(there.journal.policy.read("team").map(({ type }) => type)).not.toContain("certificate_revoked");
});

test("audits that were read before their certificate count as after a restart", async () => {
  using folder = temporaryFolder();
  const file = folder.file("pawl.db");
  await using here = new Process(file);
  await using there = new Process(file);
  const { since } = here.journal.policy;
  // The record comes late here; labels do not.
  here.journal.policy.since = () => [];
  const key = await there.certify();
  await label(there.journal, 1000, 20, { key });
  here.question().hear();
  here.journal.policy.since = since.bind(here.journal.policy);
  here.question().hear();
  await using restarted = new Process(file);
  const { serving, state } = here.question().report();
  expect({ serving, state }).toEqual({
    serving: restarted.question().report().serving,
    state: restarted.question().report().state,
  });
  expect(serving?.audits.answered).toBe(20);
});

test("a warning that another process raised is over once this one knows what is usual by now", async () => {
  using folder = temporaryFolder();
  const file = folder.file("pawl.db");
  await using here = new Process(file);
  await using there = new Process(file);
  const key = await there.certify();
  expect(here.decisionsUntil(true)).toBeLessThanOrEqual(LOOKS_WITHIN);
  const { seq } = here.question().report().labels.at(-1)!;
  const of = { question: "team", version: about("").version, at: 1, seq, after: there.journal.labels.last(), key };
  await there.journal.policy.append(
    ["answers", "lengths"].map((monitor) => ({ type: "warning_raised" as const, ...of, monitor })),
  );
  for (let decision = 0; decision < LOOKS_WITHIN; decision++) here.stands();
  expect(here.question().report().state).toBe("watch");
  for (let decision = 0; decision < 500; decision++) here.question().standing.watch(about("x"), "billing");
  // Commits are in order: what was raised or ended is on record by then.
  await here.journal.notes.add("now", 1);
  const events = here.journal.policy.read("team").flatMap((event) => ("monitor" in event ? [event.monitor] : []));
  expect(events).toEqual(["answers", "lengths", "answers", "lengths"]);
});
