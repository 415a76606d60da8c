/** Questions by a provider's batch: from the queue to the run that goes on, through everything that may go wrong. */

import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { startChild } from "../../test/support/child.ts";
import { type FakeBatch, type FakeBatches, startFakeBatches } from "../../test/support/fake-batches.ts";
import { temporaryFolder } from "../../test/support/folder.ts";
import type { Config } from "../config/config.ts";
import { makeParts } from "../config/parts.ts";
import type { Json } from "../core/json.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { defineLoop } from "../loop/loop.ts";
import { runItem } from "../loop/run.ts";
import { receiptOf } from "../review/receipt.ts";
import type { Batches } from "../rung/batch-api.ts";
import { type BatchedOptions, batched } from "../rung/batched.ts";
import { person } from "../rung/person.ts";
import { questionOf } from "../rung/rung.contract.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";
import { words } from "../rung/words.ts";
import { type Deferring, type Fetched, fetchDeferred, handOver, sendDeferred } from "./deferred.ts";

const price = { input: 1000, output: 2000, updated: "2026-11-01" };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const triage = defineLoop({
  name: "triage",
  version: "1",
  input: z.object({ id: z.string() }),
  output: z.object({ team: z.string(), urgent: z.string() }),
  async run({ id }, step) {
    const team = await step.choose("team", {
      about: `item ${id}`,
      ask: "Which team?",
      options: ["billing", "shipping"],
      check: (value) => value !== "shipping" || id !== "3" || "item 3 is no parcel",
    });
    return { team: team.value, urgent: team.rung };
  },
});

type BatchRung = Rung & { readonly batches: Batches };

function rungAt(url: string, vendor: "openai" | "anthropic", more: BatchedOptions = {}): BatchRung {
  const model = vendor === "openai" ? "gpt-6-luna" : "claude-haiku-4-5";
  return batched(url, model, { vendor, key: "secret-key", price, ...more }) as BatchRung;
}

interface Set {
  readonly fake: FakeBatches;
  readonly journal: Journal;
  readonly deferring: Deferring;
  /** Takes the items as far as they go now. */
  run(ids: readonly string[]): Promise<void>;
  fetch(more?: Partial<Deferring>): Promise<Fetched & { readonly handedOver: number; readonly kept: number }>;
  outcome(id: string): unknown;
  waitsFor(): readonly string[];
}

async function setUp(
  vendor: "openai" | "anthropic" = "openai",
  {
    config = {},
    journal = memoryJournal(),
    now = Date.now,
  }: { config?: Config; journal?: Journal; now?: () => number } = {},
): Promise<Set> {
  const fake = await startFakeBatches(now);
  closing.push(async () => fake[Symbol.asyncDispose]());
  const rung = rungAt(fake.url, vendor);
  const local = scripted({}, { name: "local" });
  const parts = makeParts({ ladder: [local, rung, person()], ...config }, journal, { now });
  await parts.open();
  closing.push(() => parts.close());
  const api = rung.batches.open();
  closing.push(() => api.close());
  const { signal } = new AbortController();
  const deferring = { journal, rung, api, signal, now, budget: parts.budget, currency: "USD" };
  const goOn = async (number: number): Promise<void> => {
    const taken = await journal.take(number);
    if (taken.kind === "taken") await runItem(triage, taken, parts);
  };
  return {
    fake,
    journal,
    deferring,
    async run(ids) {
      for (const id of ids) {
        const taken = await journal.begin({ loop: "triage", version: "1", item: id, content: id, input: { id } });
        if (taken.kind === "taken") await runItem(triage, taken, parts);
      }
    },
    async fetch(more = {}) {
      const fetched = await fetchDeferred({ ...deferring, ...more });
      return { ...fetched, ...(await handOver(deferring, ({ number }) => goOn(number))) };
    },
    outcome(id) {
      const outcome = [...journal.runs({ item: id })][0]?.outcome;
      return outcome?.kind === "done" ? outcome.output : (outcome ?? null);
    },
    waitsFor: () => [...journal.waiting()].map(({ run, waiting }) => `${run.item} ${waiting.awaits ?? "person"}`),
  };
}

function complete({ fake }: Set, batch: FakeBatch, change: (results: Json[]) => Json[] = (results) => results): void {
  batch.results = change(fake.answers(batch, (text) => (text.includes("item 2") ? "shipping" : "billing")));
  batch.status = "completed";
}

describe.each(["openai", "anthropic"] as const)("questions by %s's batches", (vendor) => {
  test("wait, go out together, and come back to their runs at the batch's price, in any order", async () => {
    const set = await setUp(vendor);
    await set.run(["1", "2"]);
    const { rung } = set.deferring;
    const { name } = rung;
    const before = rung.version!(questionOf("choose"));
    expect(set.waitsFor()).toEqual([`1 ${name}`, `2 ${name}`]);
    expect(set.journal.calls.totals()).toMatchObject({ calls: 0 });
    expect(await sendDeferred(set.deferring)).toMatchObject({ questions: 2, batches: [{ id: "batch_1", size: 2 }] });
    expect(set.journal.calls.totals()).toMatchObject({ calls: 2, open: 2 });
    // Nothing is sent twice.
    expect(await sendDeferred(set.deferring)).toMatchObject({ questions: 0 });
    expect(await set.fetch()).toMatchObject({ underWay: [{ id: "batch_1", done: 0, size: 2 }], handedOver: 0 });
    complete(set, set.fake.batches[0]!, (results) => results.toReversed());
    expect(await set.fetch()).toMatchObject({ underWay: [], answered: 2, failed: 0, handedOver: 2, kept: 0 });
    expect(set.outcome("1")).toEqual({ team: "billing", urgent: name });
    expect(set.outcome("2")).toEqual({ team: "shipping", urgent: name });
    // It holds the model as the provider names it.
    expect(rung.version!(questionOf("choose"))).toMatch(new RegExp(`^${before}.`));
    // Half of (100 x 1000 + 4 x 2000) a million, for each.
    expect(set.journal.calls.totals()).toMatchObject({ calls: 2, open: 0, unpriced: 0, maybePaidTwice: 0 });
    expect(set.journal.calls.totals().cost).toBeCloseTo(0.108, 9);
    expect(set.fake.batches).toHaveLength(1);
    expect(JSON.stringify(set.fake.batches[0]?.lines)).not.toContain("secret-key");
    expect(await set.fetch()).toMatchObject({ ended: [], handedOver: 0 });
  });

  test("go up to a person where an answer fails, does not fit, is refused by the author's check, or is missing", async () => {
    const set = await setUp(vendor);
    await set.run(["1", "2", "3", "4", "5"]);
    await sendDeferred(set.deferring);
    const [batch] = set.fake.batches;
    batch!.results = set.fake
      .answers(batch!, (text) =>
        text.includes("item 4") ? "neither" : text.includes("item 3") ? "shipping" : "billing",
      )
      .flatMap((result, index): Json[] => {
        const { custom_id } = result as { custom_id: string };
        if (index === 1) {
          return vendor === "openai"
            ? [{ custom_id, response: null, error: { code: "batch_expired", message: "too late" } }]
            : [{ custom_id, result: { type: "expired" } }];
        }
        return index === 4 ? [] : [result];
      });
    batch!.status = "expired";
    expect(await set.fetch()).toMatchObject({ answered: 3, failed: 2, handedOver: 5 });
    expect(set.outcome("1")).toMatchObject({ team: "billing" });
    expect(set.waitsFor()).toEqual(["2 person", "3 person", "4 person", "5 person"]);
    const trails = [...set.journal.waiting()].map(({ waiting }) =>
      waiting.trail.map(({ reason, fault }) => fault ?? reason),
    );
    expect(trails[0]?.[0]).toContain("expired");
    expect(trails[2]?.[0]).toMatch(/schema ignored|invalid_value/);
    expect(trails[3]?.[0]).toContain("ended without it");
    // What did not come at all may have been carried out: its price is not known.
    expect(set.journal.calls.totals()).toMatchObject({ calls: 5, open: 0, unpriced: 1 });
  });

  test("count each result once, and none that is not theirs", async () => {
    const set = await setUp(vendor);
    await set.run(["1", "2"]);
    await sendDeferred(set.deferring);
    complete(set, set.fake.batches[0]!, ([first, second]) => {
      const stranger = { ...(first as object), custom_id: "pawl-of-somebody-else" };
      return [
        stranger,
        first!,
        { ...(second as object), custom_id: (first as { custom_id: string }).custom_id },
        second!,
        "{no",
      ];
    });
    expect(await set.fetch()).toMatchObject({ answered: 2, duplicates: 1, strangers: 2, handedOver: 2 });
    expect([set.outcome("1"), set.outcome("2")]).toMatchObject([{ team: "billing" }, { team: "shipping" }]);
    expect(set.journal.calls.totals().cost).toBeCloseTo(0.108, 9);
  });

  test("are found again where a process died between sending and recording, and never sent twice", async () => {
    let now = 1_800_000_000_000;
    const set = await setUp(vendor, { now: () => now, journal: memoryJournal({ now: () => now }) });
    await set.run(["1", "2"]);
    const create = vendor === "openai" ? "POST /v1/batches" : "POST /v1/messages/batches";
    const die = async (after: boolean): Promise<void> => {
      set.fake.hold = { start: create, after };
      const stopped = new AbortController();
      const held = set.fake.held();
      const dead = sendDeferred({ ...set.deferring, signal: stopped.signal });
      await held;
      stopped.abort(new Error("killed"));
      await expect(dead).rejects.toThrow("killed");
      set.fake.hold = null;
    };
    // It never arrived: sent again, once it cannot be on its way any more.
    await die(false);
    expect(await sendDeferred(set.deferring)).toMatchObject({
      questions: 0,
      unclear: [expect.stringContaining("a minute")],
    });
    now += 61_000;
    await die(true);
    expect(set.fake.batches).toHaveLength(1);
    // It did arrive: found by what only it has.
    now += 61_000;
    const after = await sendDeferred(set.deferring);
    if (vendor === "anthropic") {
      expect(after).toMatchObject({ questions: 0, unclear: [expect.stringContaining("batch_1")] });
      complete(set, set.fake.batches[0]!);
    } else expect(after).toMatchObject({ questions: 0, found: 2, unclear: [] });
    complete(set, set.fake.batches[0]!);
    expect(await set.fetch()).toMatchObject({ answered: 2, handedOver: 2 });
    expect(set.fake.batches).toHaveLength(1);
    // What was not listed may have been paid all the same.
    expect(set.journal.calls.totals()).toMatchObject({ calls: 4, open: 0, unpriced: 2, maybePaidTwice: 2 });
    expect(set.journal.calls.totals().cost).toBeCloseTo(0.108, 9);
  });

  test("that the provider has no more go up once somebody lets them go, and hold no newer ones up", async () => {
    let now = 1_800_000_000_000;
    const set = await setUp(vendor, { now: () => now, journal: memoryJournal({ now: () => now }) });
    for (const id of ["1", "2", "4", "5"]) {
      await set.run([id]);
      await sendDeferred(set.deferring);
    }
    const [first, second, third, fourth] = set.fake.batches;
    first!.gone = "all";
    second!.gone = "results";
    second!.status = "completed";
    complete(set, fourth!);
    // One batch in trouble is told, and is read another time.
    set.fake.refuses = 403;
    set.fake.refusesOnly = `GET /v1/${vendor === "openai" ? "" : "messages/"}batches/${third!.id}`;
    expect(await set.fetch()).toMatchObject({
      ended: [{ id: "batch_2", note: expect.stringContaining("no more") }, { id: "batch_4" }],
      troubled: [expect.stringMatching(/^batch_1: .*404/), expect.stringMatching(/^batch_3: .*403/)],
      answered: 1,
      failed: 1,
      handedOver: 2,
    });
    // Another account's key finds nothing either, and what is there is paid for.
    expect(await set.fetch({ givenUp: new Set(["batch_1", "batch_3"]) })).toMatchObject({
      ended: [{ id: "batch_1", note: expect.stringContaining("any more") }],
      troubled: [expect.stringMatching(/^batch_3: .*403/)],
      failed: 1,
      handedOver: 1,
    });
    expect(set.outcome("5")).toMatchObject({ team: "billing" });
    const { name } = set.deferring.rung;
    expect(set.waitsFor()).toEqual(["1 person", "2 person", `4 ${name}`]);
    expect(set.journal.calls.totals()).toMatchObject({ calls: 4, open: 1, unpriced: 2 });
    set.fake.refuses = null;
    complete(set, third!);
    expect(await set.fetch()).toMatchObject({ troubled: [], answered: 1, handedOver: 1 });
    await set.run(["6"]);
    await sendDeferred(set.deferring);
    set.fake.batches.at(-1)!.gone = "all";
    now += 29 * 86_400_000;
    expect(await set.fetch()).toMatchObject({ ended: [], troubled: [expect.stringContaining("batch_5")] });
    now += 86_400_000;
    expect(await set.fetch()).toMatchObject({ ended: [{ id: "batch_5" }], troubled: [], failed: 1 });
  });

  test("stay as they are where nothing is found at the address at all, or the rung asks elsewhere now", async () => {
    const set = await setUp(vendor);
    await set.run(["1"]);
    await sendDeferred(set.deferring);
    set.fake.refuses = 404;
    expect(await set.fetch()).toMatchObject({ ended: [], troubled: [expect.stringContaining("batch_1")] });
    set.fake.refuses = null;
    const elsewhere = Object.assign(Object.create(set.deferring.api), { host: "elsewhere" });
    expect(await fetchDeferred({ ...set.deferring, api: elsewhere })).toMatchObject({
      ended: [],
      troubled: [expect.stringContaining("asks elsewhere now")],
    });
    complete(set, set.fake.batches[0]!);
    expect(await set.fetch()).toMatchObject({ troubled: [], answered: 1, handedOver: 1 });
  });

  test("with counts that cannot be true are unpriced", async () => {
    const set = await setUp(vendor);
    await set.run(["1"]);
    await sendDeferred(set.deferring);
    const usage =
      vendor === "openai"
        ? { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 1000 } }
        : { input_tokens: [], output_tokens: 4 };
    complete(set, set.fake.batches[0]!, (results) =>
      results.map((result) => JSON.parse(JSON.stringify(result), (key, value) => (key === "usage" ? usage : value))),
    );
    expect(await set.fetch()).toMatchObject({ answered: 1 });
    expect(set.journal.calls.totals()).toMatchObject({ unpriced: 1, inputTokens: 0, outputTokens: 0, cost: 0 });
  });

  test("of which it cannot be told whether they arrived are not sent again", async () => {
    let now = 1_800_000_000_000;
    const set = await setUp(vendor, { now: () => now, journal: memoryJournal({ now: () => now }) });
    await set.run(["1", "2"]);
    set.fake.hold = { start: vendor === "openai" ? "POST /v1/batches" : "POST /v1/messages/batches", after: true };
    const stopped = new AbortController();
    const held = set.fake.held();
    const dead = sendDeferred({ ...set.deferring, signal: stopped.signal });
    await held;
    stopped.abort(new Error("killed"));
    await expect(dead).rejects.toThrow("killed");
    set.fake.hold = null;
    now += 61_000;
    set.fake.forgets = "list";
    expect(await sendDeferred(set.deferring)).toMatchObject({ unclear: [expect.stringContaining("does not list")] });
    set.fake.refuses = 403;
    expect(await fetchDeferred(set.deferring)).toMatchObject({ unclear: [expect.stringContaining("403")] });
    set.fake.refuses = null;
    // Without its mark it is one of that size, until its results say that it is the one.
    set.fake.forgets = "metadata";
    expect(await sendDeferred(set.deferring)).toMatchObject({ unclear: [expect.stringContaining("batch_1")] });
    complete(set, set.fake.batches[0]!, (results) => ["{no", ...results]);
    expect(await set.fetch()).toMatchObject({ found: 2, answered: 2, strangers: 1, handedOver: 2 });
    expect(set.fake.batches).toHaveLength(1);
  });
});

describe("what waits for a batch", () => {
  test("a refused upload leaves the questions queued", async () => {
    const set = await setUp();
    await set.run(["1"]);
    set.fake.refuses = 400;
    await expect(sendDeferred(set.deferring)).rejects.toMatchObject({ fault: "bad request" });
    set.fake.refuses = null;
    expect(set.journal.calls.deferred.counts({ rung: set.deferring.rung.name })).toMatchObject({ queued: 1, sent: 0 });
    expect(await sendDeferred(set.deferring)).toMatchObject({ questions: 1 });
  });

  test("that a person answers meanwhile is not sent, and its late answer changes nothing", async () => {
    const set = await setUp();
    await set.run(["1", "2"]);
    await set.journal.answer(1, { type: "person_answered", path: "team", value: "shipping", by: "ann" });
    expect(await sendDeferred(set.deferring)).toMatchObject({ questions: 1 });
    await set.journal.answer(2, { type: "person_answered", path: "team", value: "billing", by: "ann" });
    complete(set, set.fake.batches[0]!);
    expect(await set.fetch()).toMatchObject({ answered: 1, handedOver: 0 });
    await set.run(["1", "2"]);
    expect([set.outcome("1"), set.outcome("2")]).toMatchObject([{ team: "shipping" }, { team: "billing" }]);
    expect(set.journal.calls.totals()).toMatchObject({ calls: 1, cost: expect.closeTo(0.054, 9) });
  });

  test("asks the local rungs once: the run goes on at the rung that it awaited", async () => {
    let asked = 0;
    const journal = memoryJournal();
    const fake = await startFakeBatches();
    closing.push(async () => fake[Symbol.asyncDispose]());
    const rung = rungAt(fake.url, "openai");
    const local = scripted(
      () => {
        asked++;
        return "shipping";
      },
      { name: "local", confidence: 0.1 },
    );
    const parts = makeParts({ ladder: [local, rung, person()] }, journal);
    await parts.open();
    const run = { loop: "triage", version: "1", item: "1", content: "1", input: { id: "1" } };
    const taken = await journal.begin(run);
    if (taken.kind === "taken") await runItem(triage, taken, parts);
    expect(await journal.answer(1, { type: "step_reopened", path: "team", rung: "another" })).toBe(false);
    await journal.calls.deferred.refuse(1, "no batch takes it");
    expect(await journal.answer(1, { type: "step_reopened", path: "team", rung: rung.name })).toBe(true);
    const again = await journal.take(1);
    if (again.kind === "taken") await runItem(triage, again, parts);
    expect(asked).toBe(1);
    const trails = [...journal.waiting()].map(({ waiting }) => waiting.trail.map((attempt) => attempt.rung));
    expect(trails).toEqual([[rung.name, "person"]]);
  });

  test("becomes a label when it is answered, in the row that was set aside when it began to wait", async () => {
    const journal = memoryJournal();
    const fake = await startFakeBatches();
    closing.push(async () => fake[Symbol.asyncDispose]());
    const rung = rungAt(fake.url, "openai");
    const parts = makeParts({ ladder: [words(), rung, person()] }, journal);
    await parts.open();
    closing.push(() => parts.close());
    const loop = defineLoop({
      name: "risky",
      version: "1",
      input: z.object({ id: z.string() }),
      output: z.string(),
      run: async ({ id }, step) =>
        (await step.choose("team", { about: id, ask: "Which?", options: ["billing", "shipping"], risk: 0.1 })).value,
    });
    const run = { loop: "risky", version: "1", item: "a", content: "a", input: { id: "a" } };
    const taken = await journal.begin(run);
    if (taken.kind === "taken") await runItem(loop, taken, parts);
    expect(journal.labels.counts("team")).toEqual({ answered: 0, open: 0 });
    expect(journal.labels.last()).toBe(1);
    const api = rung.batches.open();
    closing.push(() => api.close());
    const { signal } = new AbortController();
    const deferring = { journal, rung, api, signal, now: Date.now, budget: null, currency: "USD" };
    await sendDeferred(deferring);
    const [batch] = fake.batches;
    batch!.results = fake.answers(batch!, () => "shipping");
    batch!.status = "completed";
    await fetchDeferred(deferring);
    await handOver(deferring, async ({ number }) => {
      const again = await journal.take(number);
      if (again.kind === "taken") await runItem(loop, again, parts);
    });
    expect(journal.labels.last()).toBe(1);
    const version = journal.events(1).find((event) => event.type === "step_answered")?.question;
    expect([...journal.labels.answered("team", version!)]).toMatchObject([
      { answer: { value: "shipping", source: "frontier", by: rung.name }, decision: `${journal.id}-1/team` },
    ]);
  });

  test("shows in the receipt as awaited, and once it came with the whole way up", async () => {
    const set = await setUp();
    await set.run(["1"]);
    const { rung, journal } = set.deferring;
    const team = () => receiptOf(journal.run(1)!, journal.events(1)).steps[0]?.asked;
    expect(team()?.reason).toContain(`${rung.name} is awaited`);
    await sendDeferred(set.deferring);
    complete(set, set.fake.batches[0]!);
    await set.fetch();
    expect(team()?.trail.map((attempt) => `${attempt.rung} ${attempt.kind}`)).toEqual([
      "local escalated",
      `${rung.name} answered`,
    ]);
    expect(team()?.reason).toContain(`${rung.name} answered billing`);
  });

  test("is nobody's to pay where the provider refused the whole batch", async () => {
    const set = await setUp();
    await set.run(["1", "2"]);
    await sendDeferred(set.deferring);
    set.fake.batches[0]!.status = "failed";
    expect(await set.fetch()).toMatchObject({
      failed: 2,
      handedOver: 2,
      ended: [{ note: "failed: the file is no good" }],
    });
    expect(set.waitsFor()).toEqual(["1 person", "2 person"]);
    expect(set.journal.calls.totals()).toMatchObject({ calls: 2, open: 0, unpriced: 0, cost: 0 });
  });

  test("is sent as far as the day's budget goes, and its answer is taken whatever is left of that", async () => {
    const now = (): number => 1_800_000_000_000;
    const most = rungAt("http://127.0.0.1:9", "openai").mostCost!;
    const set = await setUp("openai", { now, config: { budget: { perDay: most * 1.5 } } });
    await set.run(["1", "2"]);
    expect(await sendDeferred(set.deferring)).toMatchObject({ questions: 1, overBudget: 1 });
    complete(set, set.fake.batches[0]!);
    expect(await set.fetch()).toMatchObject({ answered: 1, handedOver: 1 });
    expect(set.outcome("1")).toMatchObject({ team: "billing" });
  });

  test("leaves the day's budget alone where sending was interrupted before it left", async () => {
    const now = (): number => 1_800_000_000_000;
    const most = rungAt("http://127.0.0.1:9", "openai").mostCost!;
    const set = await setUp("openai", { now, config: { budget: { perDay: most * 10 } } });
    await set.run(["1", "2", "3"]);
    const { budget } = set.deferring;
    const before = budget!.spent;
    const stopped = new AbortController();
    const reserve = budget!.reserve.bind(budget);
    budget!.reserve = (amount) => {
      stopped.abort(new Error("interrupted"));
      return reserve(amount);
    };
    await expect(sendDeferred({ ...set.deferring, signal: stopped.signal })).rejects.toThrow("interrupted");
    expect(budget!.spent).toBeCloseTo(before, 12);
    expect(set.fake.batches).toHaveLength(0);
  });

  test("the same content is asked once: a second item like it is served from the first reply", async () => {
    const set = await setUp();
    await set.run(["1"]);
    await sendDeferred(set.deferring);
    complete(set, set.fake.batches[0]!);
    await set.fetch();
    const { journal } = set;
    const twin = { loop: "triage", version: "1", item: "twin", content: "twin", input: { id: "1" } };
    const taken = await journal.begin(twin);
    const parts = makeParts({ ladder: [set.deferring.rung, person()] }, journal);
    if (taken.kind === "taken") await runItem(triage, taken, parts);
    expect(set.outcome("twin")).toMatchObject({ team: "billing" });
    expect(journal.calls.totals()).toMatchObject({ calls: 1, served: 1 });
  });

  test("is refused at the config where there are no batches", () => {
    expect(() => batched("openai", "m", { batchShare: 0 })).toThrow("batchShare");
    expect(() => batched("ollama", "m")).toThrow("chat and messages");
    expect(batched("openai", "m", { price }).name).toBe("batch:openai:m");
    const plain = batched("openai", "m", { price, batchShare: 1 });
    expect(batched("openai", "m", { price }).mostCost).toBeCloseTo(plain.mostCost! / 2, 12);
  });
});

test("a process killed while it sends is known to be dead at once; its batch is found, not doubled", async () => {
  const fake = await startFakeBatches();
  closing.push(async () => fake[Symbol.asyncDispose]());
  using folder = temporaryFolder();
  const file = folder.file("pawl.db");
  const program = new URL("../../test/crash/send-batch.ts", import.meta.url).pathname;
  await using child = startChild(program, [file, fake.url]);
  fake.hold = { start: "POST /v1/batches", after: true };
  await fake.held();
  child.process.kill("SIGKILL");
  await child.end();
  fake.hold = null;
  const journal = openJournal(file);
  closing.push(() => journal.close());
  const rung = rungAt(fake.url, "openai");
  const api = rung.batches.open();
  closing.push(() => api.close());
  const { signal } = new AbortController();
  const deferring = { journal, rung, api, signal, now: Date.now, budget: null, currency: "USD" };
  expect(await sendDeferred(deferring)).toMatchObject({ questions: 0, found: 3, again: 0, unclear: [] });
  expect(fake.batches).toHaveLength(1);
  expect(journal.calls.totals()).toMatchObject({ calls: 3, open: 3, maybePaidTwice: 0 });
});
