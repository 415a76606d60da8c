/** What every journal must do, run over a list of them in journal.test.ts. */

import { describe, expect, test } from "vitest";
import { answered, newRun, said, waits } from "../../test/support/events.ts";
import type { LabelAnswer, NewLabel } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import type { BatchRow, Journal, NewRun, RunRecord } from "./journal.ts";

export interface OpenedJournal extends AsyncDisposable {
  readonly journal: Journal;
}
export type OpenForTest = (options: { now?: () => number; mostVectors?: number }) => Promise<OpenedJournal>;

async function taken(journal: Journal, run: NewRun): Promise<RunRecord> {
  const found = await journal.begin(run);
  if (found.kind !== "taken") throw new Error(`expected to take the run, found it ${found.kind}`);
  return found.run;
}

const right: LabelAnswer = { value: "billing", source: "person", by: "ann" };

/** A label of an item of its own, answered unless it says otherwise. */
export function newLabel(item: string, more: Partial<NewLabel> = {}): NewLabel {
  return {
    question: "team",
    version: "v1",
    cluster: `cluster of ${item}`,
    about: item,
    sample: "random",
    propensity: 1,
    key: null,
    stood: null,
    decision: `run-${item}/team`,
    answer: right,
    ...more,
  };
}

const audit = (item: string, more: Partial<NewLabel> = {}): NewLabel =>
  newLabel(item, { sample: "audit", propensity: 0.1, key: "k1", stood: "refund", answer: null, ...more });

const about = { question: "team", version: "v1", at: 5, seq: 1, after: 2 };
const revoked: Extract<PolicyEvent, { type: "certificate_revoked" }> = {
  type: "certificate_revoked",
  ...about,
  key: "k1",
  why: "errors",
};

const output = (value: number) => ({ kind: "done", output: value }) as const;
const waitingFor = (...paths: string[]) => ({ paths, wakes: null });

export function journalContract(name: string, open: OpenForTest): void {
  describe(`the ${name} journal`, () => {
    test("begins a run once: the same identity finds it, any other makes another", async () => {
      await using opened = await open({ now: () => 5 });
      const { journal } = opened;
      const run = await taken(journal, newRun("a"));
      expect(run).toEqual({
        ...newRun("a"),
        number: 1,
        id: `${journal.id}-1`,
        status: "running",
        started: 5,
        outcome: null,
        wakes: null,
      });
      expect(journal.id).toMatch(/^[a-z0-9]{8}$/);
      expect(await journal.begin(newRun("a"))).toMatchObject({ kind: "busy", run: { number: 1 } });
      expect((await taken(journal, newRun("a", { version: "2" }))).number).toBe(2);
      expect((await taken(journal, newRun("a", { content: "other" }))).number).toBe(3);
      expect((await taken(journal, newRun("a", { loop: "m" }))).number).toBe(4);
      expect(journal.run(1)).toEqual(run);
      expect(journal.run(99)).toBeUndefined();
    });

    test("two begins of one run in the same turn: one takes it, the other finds it busy", async () => {
      await using opened = await open({});
      const found = await Promise.all([opened.journal.begin(newRun("a")), opened.journal.begin(newRun("a"))]);
      expect(found.map(({ kind }) => kind)).toEqual(["taken", "busy"]);
    });

    test("gives a released run to the next who takes it, with its events in order", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await Promise.all([journal.append(number, answered("x")), journal.append(number, answered("y"))]);
      await journal.append(number, answered("z"));
      await journal.release(number);
      expect(journal.run(number)?.status).toBe("ready");
      const again = await journal.take(number);
      expect(again).toMatchObject({ kind: "taken", run: { status: "running" } });
      expect(again.kind === "taken" && again.events).toEqual([answered("x"), answered("y"), answered("z")]);
      expect(journal.events(number)).toHaveLength(3);
    });

    test("a run that ended is settled for ever, with its outcome", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.append(number, { type: "run_ended", outcome: output(3), milliseconds: 1 });
      const settled = { kind: "settled", run: { status: "done", outcome: output(3) } };
      expect(await journal.begin(newRun("a"))).toMatchObject(settled);
      expect(await journal.take(number)).toMatchObject(settled);
      await journal.release(number);
      expect(journal.run(number)?.status).toBe("done");
    });

    test("taking a run that is not there is an error of its own, and harms nothing beside it", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const [first, missing, second] = await Promise.allSettled([
        journal.begin(newRun("a")),
        journal.take(77),
        journal.begin(newRun("b")),
      ]);
      expect(missing).toMatchObject({ status: "rejected", reason: { code: "E_NO_RUN" } });
      expect(first).toMatchObject({ status: "fulfilled", value: { kind: "taken" } });
      expect(second).toMatchObject({ status: "fulfilled", value: { kind: "taken" } });
      await journal.append(1, answered("x"));
      expect(journal.events(1)).toEqual([answered("x")]);
    });

    test("a parked run waits until a person answers; the first answer counts", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.append(number, waits("ok"));
      await journal.park(number, waitingFor("ok"));
      expect(await journal.take(number)).toMatchObject({ kind: "settled", run: { status: "waiting" } });
      expect(await journal.answer(number, said("else", "yes"))).toBe(false);
      const both = await Promise.all([
        journal.answer(number, said("ok", "yes")),
        journal.answer(number, said("ok", "no")),
      ]);
      expect(both).toEqual([true, false]);
      const again = await journal.take(number);
      expect(again.kind === "taken" && again.events).toEqual([waits("ok"), said("ok", "yes")]);
    });

    test("an answer that comes between the question and the park lets the run go on at once", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.append(number, waits("ok"));
      await journal.append(number, waits("also"));
      expect(await journal.answer(number, said("ok", "yes"))).toBe(true);
      expect(journal.run(number)?.status).toBe("running");
      await journal.park(number, waitingFor("ok", "also"));
      expect(journal.run(number)?.status).toBe("ready");
      expect((await journal.take(number)).kind).toBe("taken");
      await journal.park(number, waitingFor("also"));
      expect(journal.run(number)?.status).toBe("waiting");
    });

    test("an answer to a run that ended meanwhile comes too late", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.append(number, waits("ok"));
      await journal.append(number, { type: "run_ended", outcome: output(1), milliseconds: 1 });
      expect(await journal.answer(number, said("ok", "yes"))).toBe(false);
      expect(journal.events(number)).toHaveLength(2);
    });

    test("a question answered lower down, after it changed, waits no more", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      for (const event of [waits("ok"), answered("ok"), waits("also")]) await journal.append(number, event);
      await journal.park(number, waitingFor("also"));
      expect([...journal.waiting()].map(({ waiting }) => waiting.path)).toEqual(["also"]);
      expect(await journal.answer(number, said("ok", "yes"))).toBe(false);
    });

    test("a sleeping run is settled until its time has come", async () => {
      let now = 1000;
      await using opened = await open({ now: () => now });
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.park(number, { paths: [], wakes: 5000 });
      expect(await journal.begin(newRun("a"))).toMatchObject({
        kind: "settled",
        run: { status: "sleeping", wakes: 5000 },
      });
      now = 5000;
      expect(await journal.begin(newRun("a"))).toMatchObject({
        kind: "taken",
        run: { status: "running", wakes: null },
      });
      expect(journal.run(number)?.wakes).toBeNull();
    });

    test("a sleeper that also waits for a person is listed, and an answer wakes it", async () => {
      await using opened = await open({ now: () => 0 });
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.append(number, waits("ok"));
      await journal.park(number, { paths: ["ok"], wakes: 9e15 });
      expect(journal.run(number)?.status).toBe("sleeping");
      expect([...journal.waiting()].map(({ waiting }) => waiting.path)).toEqual(["ok"]);
      await journal.answer(number, said("ok", "yes"));
      expect(journal.run(number)).toMatchObject({ status: "ready", wakes: null });
    });

    test("lists what waits, oldest run first", async () => {
      await using opened = await open({});
      const { journal } = opened;
      for (const item of ["a", "b", "c"]) {
        const { number } = await taken(journal, newRun(item));
        await journal.append(number, waits("one"));
        if (item !== "b") await journal.append(number, waits("two"));
        await journal.park(number, waitingFor("one"));
      }
      await journal.answer(1, said("one", "x"));
      await journal.take(1);
      await journal.park(1, waitingFor("two"));
      const list = [...journal.waiting()].map(({ run, waiting }) => `${run.number} ${waiting.path}`);
      expect(list).toEqual(["1 two", "2 one", "3 one", "3 two"]);
    });

    test("names the relatives of a run: other versions, other content", async () => {
      await using opened = await open({});
      const { journal } = opened;
      await taken(journal, newRun("a"));
      await taken(journal, newRun("a", { version: "2" }));
      await taken(journal, newRun("a", { content: "other" }));
      await taken(journal, newRun("b"));
      const { otherVersion, otherContent } = journal.relatives(newRun("a"));
      expect(otherVersion.map(({ number }) => number)).toEqual([2]);
      expect(otherContent.map(({ number }) => number)).toEqual([3]);
    });

    test("finds runs by loop, item and status, across pages, and counts them", async () => {
      await using opened = await open({});
      const { journal } = opened;
      await Promise.all(Array.from({ length: 1100 }, (_, i) => journal.begin(newRun(String(i)))));
      await taken(journal, newRun("0", { loop: "m" }));
      await journal.append(3, { type: "run_ended", outcome: output(1), milliseconds: 1 });
      const numbers = [...journal.runs({ loop: "l" })].map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: 1100 }, (_, i) => i + 1));
      expect([...journal.runs({ item: "0" })].map(({ loop }) => loop)).toEqual(["l", "m"]);
      expect([...journal.runs({ status: "done" })].map(({ number }) => number)).toEqual([3]);
      expect(journal.counts()).toEqual({
        ready: 0,
        running: 1100,
        waiting: 0,
        sleeping: 0,
        done: 1,
        limit: 0,
        failed: 0,
      });
      expect(journal.counts("m").running).toBe(1);
    });

    test("folds a batch's rows in input order; a row is replaced, the rest can be cut", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      const row = (position: number, run: number | null): BatchRow => {
        return { position, line: position + 1, item: run === null ? null : "a", run, reason: run ? null : "bad" };
      };
      await journal.putRows("b", [row(3, null), row(1, number)]);
      await journal.putRows("b", [row(2, null), row(3, number), row(700, null)]);
      await journal.putRows("other", [row(1, null)]);
      await journal.append(number, { type: "run_ended", outcome: output(7), milliseconds: 1 });
      const rows = [...journal.rows("b")];
      expect(rows.map(({ position, run }) => [position, run])).toEqual([
        [1, 1],
        [2, null],
        [3, 1],
        [700, null],
      ]);
      expect(rows[0]?.record?.outcome).toEqual(output(7));
      expect(rows[1]).toMatchObject({ reason: "bad", record: null, line: 3 });
      await journal.cutRows("b", 2);
      expect([...journal.rows("b")].map(({ position }) => position)).toEqual([1, 2]);
      expect([...journal.rows("other")]).toHaveLength(1);
      expect([...journal.rows("none")]).toEqual([]);
    });

    test("recalls an answer by its cache key, with its origin; a later one replaces it", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number, id } = await taken(journal, newRun("a"));
      expect(journal.recall("k")).toBeUndefined();
      await journal.append(number, answered("x", { value: "one", cacheKey: "k" }));
      await journal.append(number, answered("y", { value: "two" }));
      const first = { value: "one", confidence: 0.9, basis: "raw", rung: "scripted", run: id, path: "x", key: null };
      expect(journal.recall("k")).toEqual(first);
      await journal.append(number, waits("z", "k"));
      expect(journal.recall("k")).toEqual(first);
      await journal.answer(number, said("z", "three"));
      const third = { ...first, value: "three", confidence: null, basis: "certain", rung: "person", path: "z" };
      expect(journal.recall("k")).toEqual(third);
    });

    test("keeps notes", async () => {
      await using opened = await open({});
      const { notes } = opened.journal;
      expect(notes.get("a")).toBeUndefined();
      notes.set("a", "1");
      notes.set("a", "2");
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(notes.get("a")).toBe("2");
      await Promise.all([notes.add("sum", 0.5), notes.add("sum", 2)]);
      expect(Number(notes.get("sum"))).toBe(2.5);
    });

    test("keeps vectors, the newest of them", async () => {
      await using opened = await open({ mostVectors: 3 });
      const { journal } = opened;
      const { vectors } = journal;
      expect(vectors.get("1")).toBeUndefined();
      for (const key of ["1", "2", "2", "3", "4", "2", "5"]) vectors.set(key, Uint8Array.of(Number(key), 255, 0));
      // They go with the next write that somebody waits for.
      await journal.begin(newRun("a"));
      expect(["1", "2", "3", "4", "5"].map((key) => vectors.get(key)?.[0])).toEqual([undefined, undefined, 3, 4, 5]);
      expect(Uint8Array.from(vectors.get("5")!)).toEqual(Uint8Array.of(5, 255, 0));
    });

    test("keeps labels as they were set aside, numbered in that order and read in that of their answers", async () => {
      await using opened = await open({ now: () => 9 });
      const { labels } = opened.journal;
      await labels.add([audit("a", { stood: { tool: "find", args: [1] } }), newLabel("b")]);
      await labels.add([newLabel("c", { answer: { value: null, source: "known", by: "file" } })]);
      expect(labels.last()).toBe(3);
      expect(await labels.answer(1, right)).toBe(true);
      const rows = [...labels.answered("team", "v1")];
      expect(rows.map(({ number, seq, about }) => [number, seq, about])).toEqual([
        [2, 1, "b"],
        [3, 2, "c"],
        [1, 3, "a"],
      ]);
      expect(rows[2]).toEqual({
        ...audit("a", { stood: { tool: "find", args: [1] } }),
        number: 1,
        made: 9,
        seq: 3,
        at: 9,
        answer: right,
      });
      expect(rows[1]?.answer).toEqual({ value: null, source: "known", by: "file" });
      expect([...labels.answered("team", "v1", 1)].map(({ number }) => number)).toEqual([3, 1]);
      expect([...labels.answered("team", "v1", 3)]).toEqual([]);
      expect([...labels.answered("team", "v2")]).toEqual([]);
      expect([...labels.answered("other", "v1")]).toEqual([]);
    });

    test("takes the first answer to a label, and none to one that is not there", async () => {
      await using opened = await open({});
      const { labels } = opened.journal;
      await labels.add([audit("a"), newLabel("b")]);
      const late = { value: "refund", source: "frontier", by: "gpt" } as const;
      expect(await Promise.all([labels.answer(1, right), labels.answer(1, late)])).toEqual([true, false]);
      expect(await labels.answer(2, late)).toBe(false);
      expect(await labels.answer(99, late)).toBe(false);
      expect([...labels.answered("team", "v1")].map(({ answer }) => answer)).toEqual([right, right]);
      expect(labels.last()).toBe(2);
    });

    test("lists open labels, oldest first, also while they are answered", async () => {
      await using opened = await open({});
      const { labels } = opened.journal;
      await labels.add([audit("a"), newLabel("b"), audit("c"), audit("d", { question: "other" })]);
      expect([...labels.open()].map(({ about }) => about)).toEqual(["a", "c", "d"]);
      expect([...labels.open("team")].map(({ about }) => about)).toEqual(["a", "c"]);
      expect([...labels.open("team")][0]).toEqual({ ...audit("a"), number: 1, made: expect.any(Number) });
      for (const { number } of labels.open("team")) await labels.answer(number, right);
      expect([...labels.open()].map(({ about }) => about)).toEqual(["d"]);
      expect([...labels.open("none")]).toEqual([]);
    });

    test("counts duplicates of an item once: by cluster within a sample and a version of the rungs, and by decision", async () => {
      await using opened = await open({});
      const { labels } = opened.journal;
      const twin = { cluster: "cluster of a" };
      await labels.add([newLabel("a"), newLabel("b", twin), newLabel("a", { cluster: "else" })]);
      await labels.add([audit("c", twin), audit("d", twin), audit("e", { ...twin, key: "k2" })]);
      await labels.add([newLabel("f", { ...twin, version: "v2" }), newLabel("g", { ...twin, question: "other" })]);
      const history = { sample: "history", decision: null } as const;
      await labels.add([newLabel("h", history), newLabel("i", history), newLabel("h", history)]);
      const kept = [...labels.answered("team", "v1")].map(({ about }) => about);
      expect([kept, [...labels.open()].map(({ about }) => about)]).toEqual([
        ["a", "h", "i"],
        ["c", "e"],
      ]);
      expect(labels.counts("team")).toEqual({ answered: 4, open: 2 });
      expect(labels.counts("other")).toEqual({ answered: 1, open: 0 });
      expect(labels.counts("none")).toEqual({ answered: 0, open: 0 });
    });

    test("reads labels across pages", async () => {
      await using opened = await open({});
      const { labels } = opened.journal;
      await labels.add(Array.from({ length: 1101 }, (_, i) => (i % 2 ? newLabel(`${i}`) : audit(`${i}`))));
      const numbers = [...labels.answered("team", "v1")].map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: 550 }, (_, i) => 2 * i + 2));
      expect([...labels.open("team")]).toHaveLength(551);
    });

    test("keeps a label with the event that it belongs to", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number } = await taken(journal, newRun("a"));
      await journal.append(number, answered("team"), newLabel("a"));
      await journal.append(number, answered("else"));
      expect(journal.labels.counts("team")).toEqual({ answered: 1, open: 0 });
      expect(journal.events(number)).toHaveLength(2);
    });

    test("makes a label of a person's first answer, where the question learns", async () => {
      await using opened = await open({});
      const { journal } = opened;
      const { number, id } = await taken(journal, newRun("a"));
      const label = { sample: "audit", propensity: 0.1, key: "k1", cluster: "c", stood: "refund" } as const;
      await journal.append(number, { ...waits("team"), label });
      await journal.append(number, waits("other"));
      await journal.park(number, waitingFor("team", "other"));
      await Promise.all(["yes", "no"].map((value) => journal.answer(number, said("team", value))));
      await journal.answer(number, said("other", "yes"));
      expect([...journal.labels.answered("team", "v")]).toMatchObject([
        { ...label, about: "a", decision: `${id}/team`, answer: { value: "yes", source: "person", by: "ann" } },
      ]);
      expect(journal.labels.last()).toBe(1);
    });

    test("keeps the record of promises in the order of writing", async () => {
      await using opened = await open({});
      const { policy } = opened.journal;
      const other: PolicyEvent = { ...revoked, question: "other" };
      await policy.append([revoked, other]);
      await policy.append([{ ...revoked, why: "again" }]);
      expect(policy.read()).toEqual([revoked, other, { ...revoked, why: "again" }]);
      expect(policy.read("team")).toEqual([revoked, { ...revoked, why: "again" }]);
      expect(policy.read("none")).toEqual([]);
      const [first, second] = policy.since("team", 0);
      expect([first?.event, second?.event]).toEqual(policy.read("team"));
      expect(policy.since("team", first!.number)).toEqual([second]);
      expect(policy.since("team", second!.number)).toEqual([]);
      expect(policy.since("other", first!.number)).toMatchObject([{ event: other }]);
    });

    test("keeps learned weights under their digest: the first bytes count", async () => {
      await using opened = await open({});
      const { weights } = opened.journal;
      expect(weights.get("d")).toBeUndefined();
      await weights.set("d", Uint8Array.of(1, 0, 255));
      await weights.set("d", Uint8Array.of(2));
      expect(Uint8Array.from(weights.get("d")!)).toEqual(Uint8Array.of(1, 0, 255));
    });

    test("has a secret of 32 bytes of its own", async () => {
      await using one = await open({});
      await using two = await open({});
      expect(one.journal.secret).toHaveLength(32);
      expect(Buffer.from(one.journal.secret)).not.toEqual(Buffer.from(two.journal.secret));
    });
  });
}
