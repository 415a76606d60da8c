/** What the record of a promise holds it to: other rungs, a restart, a journal that fails. */

import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import {
  type Decision,
  feedUntil,
  openStream,
  oracle,
  reader,
  type Stream,
  secret,
  World,
} from "../../test/support/promises.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { person } from "../rung/person.ts";
import type { QuestionReport } from "./report.ts";

const serves = ({ serving }: QuestionReport): boolean => serving !== null;
const stood = ({ event }: Decision): boolean => event.type === "step_answered" && event.standing !== undefined;

/** What a restart must give again: all but the labels themselves, which the journal keeps. */
function shownBy(stream: Stream) {
  const { labels, ...rest } = stream.report();
  return { ...rest, labels: labels.map(({ number }) => number) };
}

describe("another version", () => {
  /** A journal whose question has a certificate; each who asks gets tickets of their own. */
  const made = (async () => {
    const world = new World();
    const journal = memoryJournal({ secret });
    const stream = await openStream({ world, journal });
    const from = await feedUntil(stream, 0, 1500, serves);
    await stream.parts.close();
    return { world, journal, from, key: stream.report().serving!.key };
  })();
  let users = 0;
  const certified = async () => {
    const { from, ...rest } = await made;
    return { ...rest, from: from + 20 * users++ };
  };

  test("of nothing: the champion serves the very next decision after a restart", async () => {
    const { world, journal, from, key } = await certified();
    await using again = await openStream({ world, journal });
    const decisions = await again.feed(from, 20);
    expect(again.report().serving?.key).toBe(key);
    expect(decisions.some(stood)).toBe(true);
  });

  test.each<[string, (world: World) => Parameters<typeof openStream>[0]]>([
    ["one byte of the prompt", () => ({ ask: "Which team!" })],
    ["another model file", (world) => ({ ladder: [reader(world, { version: () => "2" }), oracle(world)] })],
    ["another rung above", (world) => ({ ladder: [reader(world), oracle(world, { name: "oracle-2" })] })],
    ["a rung below", (world) => ({ ladder: [reader(world, { name: "lower" }), reader(world), oracle(world)] })],
    ["a rung taken away", (world) => ({ ladder: [reader(world, { name: "other" }), oracle(world)] })],
  ])("%s: cold before the next decision", async (_, changed) => {
    const { world, journal, from } = await certified();
    await using again = await openStream({ world, journal, ...changed(world) });
    const decisions = await again.feed(from, 20);
    expect(decisions.filter(stood)).toEqual([]);
    expect(again.report().serving).toBeNull();
  });

  test("a rung that is another while the process runs is cold once the next label was read", async () => {
    const world = new World();
    let version = "1";
    const ladder = [reader(world, { version: () => version }), oracle(world)];
    await using stream = await openStream({ world, ladder });
    const from = await feedUntil(stream, 0, 1500, serves);
    version = "2";
    stream.parts.policy.nudge();
    await stream.parts.policy.settled();
    expect((await stream.feed(from, 20)).filter(stood)).toEqual([]);
  });
});

describe("a restart", () => {
  async function restarted(most: number, isReached: (report: QuestionReport) => boolean, world = new World()) {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    const before = await openStream({ world, journal: openJournal(file), atOnce: 25 });
    await feedUntil(before, 0, most, isReached);
    const shown = shownBy(before);
    await before[Symbol.asyncDispose]();
    await using after = await openStream({ world, journal: openJournal(file) });
    after.parts.policy.recall(after.parts.ladder);
    return { shown, again: shownBy(after) };
  }

  test("gives the same standing out of the journal, while cold", async () => {
    const { shown, again } = await restarted(60, ({ labels }) => labels.length >= 50);
    expect(shown.state).toBe("cold");
    expect(again).toEqual(shown);
    expect(again.labels).toHaveLength(50);
  });

  test("gives the same standing out of the journal, with a certificate and audits", async () => {
    const { shown, again } = await restarted(1500, ({ serving }) => (serving?.audits.answered ?? 0) > 3);
    expect(shown.serving).not.toBeNull();
    expect(again.serving).toEqual(shown.serving);
    expect(again.state).toBe(shown.state);
    expect(again.labels).toEqual(shown.labels);
  });

  test("gives the same standing out of the journal, after the promise was broken", async () => {
    const world = new World({ driftsAt: 500 });
    const { shown, again } = await restarted(2500, ({ state }) => state === "revoked", world);
    expect(again.state).toBe("revoked");
    expect(again.serving).toBeNull();
    expect(again.why).toBe(shown.why);
  });
});

describe("a journal that cannot write", () => {
  test("lets no answer stand whose coin is not on record", async () => {
    const journal = memoryJournal({ secret });
    await using stream = await openStream({ journal });
    const from = await feedUntil(stream, 0, 1500, serves);
    const { append } = journal;
    const kept: unknown[] = [];
    journal.append = async (number, event, label) => {
      if (event.type === "step_answered") throw Object.assign(new Error("full"), { code: "E_DISK_FULL" });
      kept.push(event.type);
      return append.call(journal, number, event, label);
    };
    const before = journal.labels.counts("team");
    await stream.feed(from, 10).catch(() => {});
    expect(kept).not.toContain("step_answered");
    expect(journal.labels.counts("team")).toEqual(before);
  });

  test("issues no certificate that is not on record", async () => {
    const journal = memoryJournal({ secret });
    const { append } = journal.policy;
    journal.policy.append = async (events) => {
      if (events.some(({ type }) => type === "certificate_issued")) throw new Error("full");
      return append.call(journal.policy, events);
    };
    await using stream = await openStream({ journal });
    expect((await stream.feed(0, 500)).filter(stood)).toEqual([]);
    expect(stream.report().serving).toBeNull();
  });
});

describe("what is found out between two processes", () => {
  const config = { questions: { team: { audit: { by: person() } } } };

  /** A journal with a certificate, whose audits were answered while nobody ran, all of them against it. */
  async function refuted() {
    const world = new World();
    const journal = memoryJournal({ secret });
    const before = await openStream({ world, journal, config });
    const from = await feedUntil(before, 0, 1500, serves);
    await before.feed(from, 150);
    await before.parts.close();
    const open = [...journal.labels.open()];
    for (const { number } of open) await journal.labels.answer(number, { value: "none", source: "person", by: "ann" });
    return { world, journal, from: from + 150, audits: open.length };
  }

  test("takes the promise back at once, and what goes up is labelled as in the cold", async () => {
    const { world, journal, from, audits } = await refuted();
    expect(audits).toBeGreaterThan(5);
    await using after = await openStream({ world, journal, config });
    const decisions = await after.feed(from, 20);
    expect(decisions.every(({ event }) => event.type === "step_answered")).toBe(true);
    expect(decisions.filter(stood)).toEqual([]);
  });

  test("is on record as a revocation", async () => {
    const { world, journal, from } = await refuted();
    await using after = await openStream({ world, journal, config });
    await after.feed(from, 5);
    expect(after.report().state).toBe("revoked");
    expect(after.events("certificate_revoked")).toHaveLength(1);
  });
});

describe("rungs in another order", () => {
  test("are another version: which of them answers first is part of what was certified", async () => {
    const world = new World();
    const journal = memoryJournal({ secret });
    const [low, high] = [reader(world, { name: "low" }), reader(world, { name: "high" })];
    const before = await openStream({ world, journal, ladder: [low, high, oracle(world)] });
    const from = await feedUntil(before, 0, 1500, serves);
    await before.parts.close();
    await using after = await openStream({ world, journal, ladder: [high, low, oracle(world)] });
    expect((await after.feed(from, 20)).filter(stood)).toEqual([]);
  });
});

describe("a rung that is another while the process runs", () => {
  test("lets nothing stand at the very next decision", async () => {
    const world = new World();
    let version = "1";
    const ladder = [reader(world, { version: () => version }), oracle(world)];
    await using stream = await openStream({ world, ladder });
    const from = await feedUntil(stream, 0, 1500, serves);
    version = "2";
    expect((await stream.feed(from, 1)).filter(stood)).toEqual([]);
  });
});

describe("a version that is made again of more labels", () => {
  test("has a key of its own, and its own grid after a restart", async () => {
    const world = new World();
    const journal = memoryJournal({ secret });
    const before = await openStream({ world, journal });
    const twice = (): boolean => before.events("version_made").length > 1;
    await feedUntil(before, 0, 2500, twice);
    const keys = before.events("version_made").map((event) => "key" in event && event.key);
    expect(new Set(keys).size).toBe(keys.length);
    const shown = shownBy(before);
    await before.parts.close();
    const after = await openStream({ world, journal });
    after.parts.policy.recall(after.parts.ladder);
    expect(shownBy(after).serving).toEqual(shown.serving);
  });
});
