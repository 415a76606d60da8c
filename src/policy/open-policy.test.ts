import { describe, expect, test } from "vitest";
import { oracle, reader, secret, teams, World } from "../../test/support/promises.ts";
import { StorageError } from "../core/errors.ts";
import type { NewLabel } from "../core/label.ts";
import { Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { clusterKey } from "../learn/clusters.ts";
import type { Rung } from "../rung/rung.ts";
import { words } from "../rung/words.ts";
import { OpenPolicy, type PolicyOptions } from "./open-policy.ts";

const world = new World();

function about(text: string, verb: "choose" | "write" = "choose"): Question {
  const options = teams.map((name) => ({ name, description: "" }));
  const open = { fields: null, tools: [], maxTokens: 0, stop: [], onText: null, split: null, check: null };
  const spec = { verb, ask: "?", cue: "", options, otherwise: null, ...open } as const;
  return new Question(
    "team",
    "team",
    spec,
    () => text,
    (value) => ({ ok: true, value }),
  );
}

function policyOf(journal: Journal, more: Partial<PolicyOptions> = {}): OpenPolicy {
  const usual = { delta: 0.05, of: () => ({}), learns: false, purse: null, now: () => 0, say: () => {} };
  return new OpenPolicy({ journal, ...usual, ...more });
}

/** Labels of tickets whose words tell the team. */
function labelled(count: number, more: Partial<NewLabel> = {}): readonly NewLabel[] {
  return Array.from({ length: count }, (_, index) => {
    const team = teams[index % 3]!;
    const text = `${team} please ${index.toString(26).replace(/[0-9]/g, (digit) => "qrstuvwxyz"[Number(digit)]!)}`;
    return {
      question: "team",
      version: about("").version,
      cluster: clusterKey(text),
      about: text,
      sample: "random",
      propensity: 1,
      key: null,
      stood: null,
      decision: text,
      answer: { value: team, source: "known", by: "test" },
      ...more,
    };
  });
}

describe("the policy of a config", () => {
  const ladder = [reader(world), oracle(world)];

  test("gives a promise only where one is asked for, can be given, and somebody above can label", () => {
    const policy = policyOf(memoryJournal({ secret }));
    expect(policy.standing(about("x"), null, ladder)).toBeNull();
    // Asked for where none can be given: nothing local stands, and nothing is learned.
    for (const none of [
      policy.standing(about("x", "write"), 0.1, ladder),
      policy.standing(about("x"), 0.1, [reader(world)]),
    ]) {
      expect(none).toMatchObject({ certificate: null, why: expect.stringMatching(/no promise|no rung above/) });
      expect(none?.governs(reader(world))).toBe(true);
    }
    expect([...policy.questions]).toEqual([]);
    expect(policy.standing(about("x"), 0.1, ladder)).not.toBeNull();
    expect([...policy.questions]).toHaveLength(1);
  });

  test("has one standing a question and risk, and the same object until something changes", () => {
    const policy = policyOf(memoryJournal({ secret }));
    const first = policy.standing(about("x"), 0.1, ladder);
    expect(policy.standing(about("y"), 0.1, ladder)).toBe(first);
    expect(policy.standing(about("y"), 0.05, ladder)).not.toBe(first);
  });

  test("writes a question down when it is first met, and meets it again out of the record", async () => {
    const journal = memoryJournal({ secret });
    policyOf(journal).standing(about("x"), 0.1, ladder);
    policyOf(journal).standing(about("x"), 0.1, ladder);
    await new Promise((resolve) => setImmediate(resolve));
    expect(journal.policy.read().map(({ type }) => type)).toEqual(["question_met"]);
    const again = policyOf(journal);
    again.recall(() => ladder);
    expect([...again.questions].map(({ met, settings }) => [met.name, settings.risk])).toEqual([["team", 0.1]]);
    expect([...again.questions][0]?.met.version).toBe(about("x").version);
  });

  test("says what it could not learn, goes on, and stops where the journal cannot write", async () => {
    const said: string[] = [];
    const journal = memoryJournal({ secret });
    await journal.labels.add(labelled(400));
    const broken: Rung = reader(world, {
      decide: () => {
        throw new Error("no such file");
      },
    });
    const policy = policyOf(journal, { learns: true, say: (line) => said.push(line) });
    policy.standing(about("x"), 0.1, [broken, oracle(world)]);
    await policy.settled();
    expect(said.at(-1)).toMatch(/team could not learn: none of the local rungs/);
    const full = memoryJournal({ secret });
    await full.labels.add(labelled(400));
    full.policy.append = () => Promise.reject(new StorageError("E_DISK_FULL", "full"));
    const stopped = policyOf(full, { learns: true });
    const sure = reader(world, {
      decide: ({ about: text }) => ({
        kind: "answered",
        value: text.split(" ")[0],
        confidence: 0.99,
        basis: "raw",
        evidence: {},
        usage: noUsage,
      }),
    });
    stopped.standing(about("x"), 0.1, [sure, oracle(world)]);
    await expect(stopped.settled()).rejects.toMatchObject({ code: "E_DISK_FULL" });
  });

  test("audits a question once, by the strictest promise, though a laxer one was met before", async () => {
    const journal = memoryJournal({ secret });
    let asked = 0;
    const above = oracle(world, {
      decide: () => {
        asked++;
        return { kind: "escalated", reason: "it does not know", usage: noUsage };
      },
    });
    const open = { sample: "audit", propensity: 0.1, key: "k", stood: "refund", answer: null } as const;
    await journal.labels.add(labelled(3, open));
    const policy = policyOf(journal, { learns: true });
    for (const risk of [0.2, 0.1]) policy.standing(about("x"), risk, [reader(world), above]);
    await policy.settled();
    expect(asked).toBe(3);
  });

  test("holds the strictest promise for all steps that ask the same question", async () => {
    const journal = memoryJournal({ secret });
    await journal.labels.add(labelled(120));
    const policy = policyOf(journal);
    const ladder = [words(), oracle(world)];
    const loose = policy.of(about("x"), 0.1, ladder)!;
    expect(policy.of(about("x"), 0.2, ladder)).toBe(loose);
    const strict = policy.of(about("x"), 0.02, ladder)!;
    expect(strict.settings.risk).toBe(0.02);
    expect(policy.of(about("x"), 0.1, ladder)).toBe(strict);
    await strict.advance(new AbortController().signal, { now: true });
    expect(policy.standing(about("x"), 0.1, ladder)?.learned("words")).not.toBeNull();
  });
});
