/** What the queue of calls that go by batch must do in every journal, run over a list of them in journal.test.ts. */

import { describe, expect, test } from "vitest";
import type { NewDeferred } from "../ledger/ledger.ts";
import { newCall } from "./calls.contract.ts";
import type { OpenedJournal } from "./journal.contract.ts";

type Open = (options: { now?: () => number }) => Promise<OpenedJournal>;

function newDeferred(path: string, more: Partial<NewDeferred> = {}): NewDeferred {
  const call = newCall({ path, content: `content of ${path}` });
  return { ...call, target: "/v1/chat/completions", body: { text: path }, ...more };
}

const about = { key: "k1", rung: "remote", host: "api.example", sender: "me" };
const usage = { inputTokens: 100, outputTokens: 5, milliseconds: 0, cost: 0.001 };
const none = { queued: 0, sent: 0, answered: 0, failed: 0, done: 0 };

export function deferredContract(name: string, open: Open): void {
  describe(`calls by batch in the ${name} journal`, () => {
    test("are queued once, found by their step, and claimed by one", async () => {
      await using opened = await open({ now: () => 7 });
      const { calls } = opened.journal;
      const { deferred } = calls;
      for (const path of ["a", "b", "a", "c"]) await deferred.put(newDeferred(path));
      await deferred.put(newDeferred("a", { content: "changed" }));
      expect(deferred.counts({ rung: "remote" })).toEqual({ ...none, queued: 4 });
      expect(deferred.list("remote", "queued", 1, 2).map(({ path }) => path)).toEqual(["b", "c"]);
      const newest = deferred.find("r-1", "a", "remote");
      expect(newest).toMatchObject({
        number: 4,
        content: "changed",
        state: "queued",
        body: { text: "a" },
        reply: null,
      });
      expect(newest?.id).toMatch(/^[\w-]{27}$/);
      expect(deferred.find("r-1", "nowhere", "remote")).toBeUndefined();
      const first = await deferred.claim(about, [2, 3]);
      const sent = { number: 1, ...about, state: "sending", providerId: null, size: 2, made: 7, note: null };
      expect(first).toEqual({ batch: sent, claimed: new Set([2, 3]) });
      const second = await deferred.claim({ ...about, key: "k2" }, [3, 4]);
      expect(second?.claimed).toEqual(new Set([4]));
      expect(await deferred.claim({ ...about, key: "k3" }, [2, 3, 4])).toBeNull();
      expect(deferred.batches().map(({ key, size }) => [key, size])).toEqual([
        ["k2", 1],
        ["k1", 2],
      ]);
      expect(calls.totals()).toMatchObject({ calls: 3, open: 3 });
    });

    test("end once, by their id within their batch; the rest ends with the batch", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const { deferred } = calls;
      for (const path of ["a", "b", "c"]) await deferred.put(newDeferred(path));
      await deferred.claim(about, [1, 2, 3]);
      await deferred.sent(1, "batch_1");
      expect(deferred.batches("remote")).toMatchObject([{ state: "sent", providerId: "batch_1" }]);
      const idOf = (path: string): string => deferred.find("r-1", path, "remote")!.id;
      const answered = { kind: "answered", reply: { x: 1 }, usage } as const;
      expect(await deferred.settle(9, idOf("a"), answered)).toBe(false);
      expect(await deferred.settle(1, "unknown", answered)).toBe(false);
      expect(await deferred.settle(1, idOf("a"), answered)).toBe(true);
      expect(await deferred.settle(1, idOf("a"), { ...answered, reply: "other" })).toBe(false);
      expect([deferred.has(1, idOf("a")), deferred.has(1, "unknown")]).toEqual([true, false]);
      expect(deferred.find("r-1", "a", "remote")).toMatchObject({ state: "answered", reply: { x: 1 } });
      expect(calls.recall("content of a")?.reply).toEqual({ x: 1 });
      expect(await deferred.settle(1, idOf("b"), { kind: "failed", reason: "expired", cost: 0 })).toBe(true);
      await deferred.end(1, "expired", { kind: "failed", reason: "not there", cost: null });
      expect(deferred.find("r-1", "b", "remote")).toMatchObject({ state: "failed", reason: "expired" });
      expect(deferred.find("r-1", "c", "remote")).toMatchObject({ state: "failed", reason: "not there" });
      expect(deferred.counts({ batch: 1 })).toEqual({ ...none, answered: 1, failed: 2 });
      expect(deferred.batches()).toMatchObject([{ state: "ended", note: "expired" }]);
      expect(calls.totals()).toMatchObject({ calls: 3, open: 0, cost: 0.001, unpriced: 1, inputTokens: 100 });
      await deferred.done([1, 2]);
      expect(deferred.counts({ rung: "remote" })).toEqual({ ...none, done: 2, failed: 1 });
      expect(deferred.find("r-1", "a", "remote")).toMatchObject({ state: "done", reply: null });
    });

    test("that never reached the provider are queued again, and cost nothing", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const { deferred } = calls;
      await deferred.put(newDeferred("a"));
      await deferred.claim(about, [1]);
      await deferred.unsent(1, "unreachable", false);
      await deferred.unsent(1, "again", true);
      expect(deferred.find("r-1", "a", "remote")).toMatchObject({ state: "queued", batch: null });
      expect(deferred.batches()).toMatchObject([{ state: "ended", note: "unreachable" }]);
      expect(calls.totals()).toMatchObject({ calls: 1, open: 0, cost: 0, unpriced: 0 });
      await deferred.claim({ ...about, key: "k2" }, [1]);
      await deferred.sent(2, "batch_2");
      // The provider has it: it cannot be taken back any more.
      await deferred.unsent(2, "late", false);
      expect(deferred.counts({ batch: 2 })).toEqual({ ...none, sent: 1 });
      expect(calls.totals()).toMatchObject({ calls: 2, open: 1, maybePaidTwice: 0 });
      await deferred.put(newDeferred("b"));
      await deferred.refuse(2, "too long");
      expect(deferred.find("r-1", "b", "remote")).toMatchObject({ state: "failed", reason: "too long" });
    });

    test("that may have reached it are unpriced, and the next try may pay twice", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const { deferred } = calls;
      await deferred.put(newDeferred("a"));
      await deferred.claim(about, [1]);
      await deferred.unsent(1, "not listed", true);
      expect(calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 1, maybePaidTwice: 0 });
      await deferred.claim({ ...about, key: "k2" }, [1]);
      expect(calls.totals()).toMatchObject({ calls: 2, open: 1, unpriced: 1, maybePaidTwice: 1 });
    });
  });
}
