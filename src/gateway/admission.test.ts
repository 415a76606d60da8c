/** Places at once, and in order. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { Admission, FullError } from "./admission.ts";

const admission = (inFlight: number, queue: number, now = () => 0) => new Admission({ inFlight, queue, now });

test("whoever waits gets a place in the order of coming, and never are too many inside", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(3), { maxLength: 40 }), async (most, steps) => {
      const doors = admission(most, 1000);
      const order: number[] = [];
      let inside = 0;
      for (const [number, leaves] of steps.entries()) {
        void doors.enter(60_000).then(() => {
          order.push(number);
          inside++;
          expect(inside).toBeLessThanOrEqual(most);
        });
        await Promise.resolve();
        for (let count = 0; count < leaves && inside > 0; count++) {
          inside--;
          doors.leave();
          await Promise.resolve();
          await Promise.resolve();
        }
      }
      while (inside > 0) {
        inside--;
        doors.leave();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(order).toEqual(steps.map((_, number) => number));
      expect([doors.inFlight, doors.queued]).toEqual([0, 0]);
    }),
    { numRuns: 50 },
  );
});

test("where the queue is full, the time to come again is that of what is ahead", async () => {
  let now = 0;
  const doors = admission(2, 2, () => now);
  await Promise.all([doors.enter(1000), doors.enter(1000)]);
  // One place a second comes free.
  for (let second = 0; second < 10; second++) {
    now += 1000;
    const next = doors.enter(1000);
    doors.leave();
    await next;
  }
  const waiting = [doors.enter(1000), doors.enter(1000)];
  const refused = await doors.enter(1000).catch((thrown: FullError) => thrown);
  expect(refused).toBeInstanceOf(FullError);
  expect((refused as FullError).retryAfter).toBeGreaterThanOrEqual(3);
  expect((refused as FullError).retryAfter).toBeLessThanOrEqual(5);
  expect(doors.refused).toBe(1);
  doors.close();
  for (const one of waiting) await expect(one).rejects.toBeInstanceOf(FullError);
  await expect(doors.enter(1)).rejects.toBeInstanceOf(FullError);
});

test("nobody waits longer than they want to", async () => {
  const doors = admission(1, 5);
  await doors.enter(1);
  await expect(doors.enter(5)).rejects.toThrow(/in time/);
  expect(doors.queued).toBe(0);
  doors.leave();
  await doors.enter(1);
});
