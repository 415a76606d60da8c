import fc from "fast-check";
import { expect, test } from "vitest";
import { Cores } from "./cores.ts";

test("passes never hold more cores than there are, all get their turn, in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.record({ threads: fc.integer({ min: 1, max: 12 }), ticks: fc.nat(3) }), {
        minLength: 1,
        maxLength: 20,
      }),
      async (total, passes) => {
        const cores = new Cores(total);
        let held = 0;
        const started: number[] = [];
        await Promise.all(
          passes.map(async ({ threads, ticks }, index) => {
            const release = await cores.take(threads);
            started.push(index);
            held += cores.grant(threads);
            expect(held).toBeLessThanOrEqual(total);
            for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
            held -= cores.grant(threads);
            release();
            release();
          }),
        );
        expect(started).toEqual(passes.map((_, index) => index));
        expect(cores.free).toBe(total);
        expect(cores.waiting).toBe(0);
      },
    ),
  );
});

test("who gives up waiting lets those behind pass and takes nothing", async () => {
  const cores = new Cores(2);
  const release = await cores.take(1);
  const wide = new AbortController();
  const waiting = cores.take(2, wide.signal);
  const narrow = cores.take(1);
  expect(cores.waiting).toBe(2);
  wide.abort(new Error("no longer wanted"));
  await expect(waiting).rejects.toThrow("no longer wanted");
  (await narrow)();
  release();
  expect(cores.free).toBe(2);
  await expect(cores.take(1, wide.signal)).rejects.toThrow("no longer wanted");
});

test("a wide pass is not starved by narrow ones", async () => {
  const cores = new Cores(2);
  const first = await cores.take(1);
  const order: string[] = [];
  const wide = cores.take(2).then((release) => {
    order.push("wide");
    release();
  });
  const narrow = cores.take(1).then((release) => {
    order.push("narrow");
    release();
  });
  first();
  await Promise.all([wide, narrow]);
  expect(order).toEqual(["wide", "narrow"]);
});
