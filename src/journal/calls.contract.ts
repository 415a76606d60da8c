/** What the record of paid calls must do in every journal, run over a list of them in journal.test.ts. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NewPaidCall, PaidResult, PaidTotals } from "../ledger/ledger.ts";
import type { OpenedJournal } from "./journal.contract.ts";
import { longestReply, oldestReply } from "./paid-call.ts";

type Open = (options: { now?: () => number; mostReplies?: number }) => Promise<OpenedJournal>;

export function newCall(more: Partial<NewPaidCall> = {}): NewPaidCall {
  const of = { run: "r-1", path: "team", rung: "remote", attempt: 0 };
  return { ...of, host: "api.example", model: "big", content: "c1", most: 0.01, ...more };
}

export function result(more: Partial<PaidResult & { cost: number | null }> = {}): PaidResult {
  const { cost = 0.002, ...rest } = more;
  const usage = { inputTokens: 100, outputTokens: 5, milliseconds: 12, cost };
  return { reply: { answer: "billing" }, usage, maybePaid: false, ...rest };
}

const none: PaidTotals = {
  calls: 0,
  served: 0,
  open: 0,
  maybePaidTwice: 0,
  unpriced: 0,
  cost: 0,
  inputTokens: 0,
  outputTokens: 0,
};

export function callsContract(name: string, open: Open): void {
  describe(`paid calls in the ${name} journal`, () => {
    test("are on record before they are made, and cost what they came to", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      expect([calls.totals(), calls.last()]).toEqual([none, 0]);
      const { number, maybePaid, idempotencyKey } = await calls.intend(newCall());
      expect([number, maybePaid, calls.last()]).toEqual([1, false, 1]);
      expect(idempotencyKey).toMatch(/^[\w-]{27}$/);
      expect(calls.totals()).toEqual({ ...none, calls: 1, open: 1 });
      await calls.settle(number, result());
      expect(calls.totals()).toEqual({ ...none, calls: 1, cost: 0.002, inputTokens: 100, outputTokens: 5 });
    });

    test("without a price are unpriced, which is not 0", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const known = await calls.intend(newCall());
      const unknown = await calls.intend(newCall({ path: "other" }));
      await calls.settle(known.number, result({ cost: 0 }));
      await calls.settle(unknown.number, result({ cost: null }));
      expect(calls.totals()).toMatchObject({ calls: 2, unpriced: 1, cost: 0, open: 0 });
    });

    test("keep their key on every try; another content, attempt, rung, path or run has another", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const keyOf = async (more: Partial<NewPaidCall> = {}): Promise<string> =>
        (await calls.intend(newCall(more))).idempotencyKey;
      const first = await keyOf();
      expect(await keyOf()).toBe(first);
      expect(await keyOf({ most: null })).toBe(first);
      const others = [{ content: "c2" }, { attempt: 1 }, { rung: "b" }, { path: "p" }, { run: "r-2" }];
      const keys = await Promise.all(others.map((other) => keyOf(other)));
      expect(new Set([first, ...keys]).size).toBe(6);
    });

    test("are maybe paid twice where an earlier try never ended, or ended in doubt, and no other time", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const again = async (end: PaidResult | null): Promise<boolean> => {
        const call = newCall({ path: `step ${calls.last()}` });
        const { number } = await calls.intend(call);
        if (end) await calls.settle(number, end);
        return (await calls.intend(call)).maybePaid;
      };
      expect(await again(result())).toBe(false);
      expect(await again(result({ reply: null, cost: 0 }))).toBe(false);
      expect(calls.totals().maybePaidTwice).toBe(0);
      expect(await again(null)).toBe(true);
      expect(await again(result({ reply: null, cost: null, maybePaid: true }))).toBe(true);
      expect(calls.totals().maybePaidTwice).toBe(2);
      // A question that changed meanwhile is asked of the same step: it may have been paid for twice all the same.
      await calls.intend(newCall({ path: "changed", content: "before" }));
      expect((await calls.intend(newCall({ path: "changed", content: "after" }))).maybePaid).toBe(true);
    });

    test("end once: a second end changes nothing, and one without a beginning is an error", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const { number } = await calls.intend(newCall());
      await calls.settle(number, result());
      await calls.settle(number, result({ cost: 9, reply: "other" }));
      expect(calls.totals().cost).toBe(0.002);
      expect(calls.recall("c1")).toEqual({ number, reply: { answer: "billing" } });
      await expect(calls.settle(77, result())).rejects.toMatchObject({ code: "E_NO_CALL" });
    });

    test("serve the newest whole reply of their content, which is no call", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      const settle = async (path: string, more: Parameters<typeof result>[0]): Promise<void> => {
        await calls.settle((await calls.intend(newCall({ path }))).number, result(more));
      };
      expect(calls.recall("c1")).toBeUndefined();
      await settle("a", { reply: "one" });
      await settle("b", { reply: null });
      await settle("c", { reply: "two" });
      expect(calls.recall("c1")).toEqual({ number: 3, reply: "two" });
      await calls.served(newCall({ path: "d" }), 3);
      expect(calls.totals()).toMatchObject({ calls: 3, served: 1, open: 0, cost: 3 * 0.002, unpriced: 0 });
      expect((await calls.intend(newCall({ path: "d" }))).maybePaid).toBe(false);
    });

    test("keep no reply that is too long, none that is too old, and only the newest", async () => {
      let now = 1000;
      await using opened = await open({ now: () => now, mostReplies: 3 });
      const { calls } = opened.journal;
      const settle = async (content: string, reply: string): Promise<void> => {
        const { number } = await calls.intend(newCall({ content, path: content }));
        await calls.settle(number, result({ reply }));
      };
      const there = (): string[] => ["a", "b", "c", "d", "e"].filter((content) => calls.recall(content));
      await settle("a", "x".repeat(longestReply));
      expect(there()).toEqual([]);
      for (const content of ["b", "c", "d", "e"]) await settle(content, "x");
      expect(there()).toEqual(["c", "d", "e"]);
      now += oldestReply;
      expect(there()).toEqual(["c", "d", "e"]);
      now += 1;
      expect(there()).toEqual([]);
      expect(calls.totals().calls).toBe(5);
    });

    test("are summed up by run, by rung and from a number on", async () => {
      await using opened = await open({});
      const { calls } = opened.journal;
      for (const [run, rung] of [
        ["r-1", "a"],
        ["r-1", "b"],
        ["r-2", "a"],
      ] as const) {
        await calls.settle((await calls.intend(newCall({ run, rung }))).number, result());
      }
      expect(calls.totals({ run: "r-1" }).calls).toBe(2);
      expect(calls.totals({ rung: "a" }).calls).toBe(2);
      expect(calls.totals({ run: "r-1", rung: "a" }).calls).toBe(1);
      expect(calls.totals({ after: 2 }).calls).toBe(1);
      expect(calls.totals({ run: "r-9" })).toEqual(none);
    });

    test("always come to the sum of what happened", async () => {
      const ends = fc.oneof(
        fc.constant("open" as const),
        fc.constant("served" as const),
        fc.record({
          cost: fc.option(
            fc.nat(1000).map((units) => units / 1000),
            { nil: null },
          ),
          maybePaid: fc.boolean(),
        }),
      );
      const happened = fc.record({ run: fc.nat(1), path: fc.nat(1), rung: fc.nat(1), attempt: fc.nat(1), end: ends });
      await fc.assert(
        fc.asyncProperty(fc.array(happened, { maxLength: 25 }), async (list) => {
          await using opened = await open({});
          const { calls } = opened.journal;
          const doubtful = new Set<string>();
          const expected = { ...none };
          for (const { run, path, rung, attempt, end } of list) {
            const call = newCall({ run: `r-${run}`, path: `p${path}`, rung: `g${rung}`, attempt });
            if (end === "served") {
              await calls.served(call, 1);
              expected.served++;
              continue;
            }
            const same = `${run} ${path} ${rung} ${attempt}`;
            const { number, maybePaid } = await calls.intend(call);
            expect(maybePaid).toBe(doubtful.has(same));
            expected.calls++;
            if (maybePaid) expected.maybePaidTwice++;
            if (end === "open") {
              doubtful.add(same);
              expected.open++;
              continue;
            }
            await calls.settle(number, result(end));
            if (end.maybePaid) doubtful.add(same);
            if (end.cost === null) expected.unpriced++;
            expected.cost += end.cost ?? 0;
            expected.inputTokens += 100;
            expected.outputTokens += 5;
          }
          const total = calls.totals();
          expect(total).toEqual({ ...expected, cost: expect.closeTo(expected.cost, 9) });
          for (const parts of [
            [calls.totals({ run: "r-0" }), calls.totals({ run: "r-1" })],
            [calls.totals({ rung: "g0" }), calls.totals({ rung: "g1" })],
          ]) {
            for (const name of Object.keys(none) as (keyof PaidTotals)[]) {
              expect(parts[0]![name] + parts[1]![name]).toBeCloseTo(total[name], 9);
            }
          }
        }),
        { numRuns: 30 },
      );
    });
  });
}
