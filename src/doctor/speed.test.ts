import fc from "fast-check";
import { expect, test } from "vitest";
import type { Dialect, Said } from "./dialect.ts";
import { kneeOf, measureSpeed } from "./speed.ts";

const said: Said = {
  content: "money",
  reasoning: "",
  toolCalls: [],
  logprobs: null,
  promptTokens: 60,
  outputTokens: 1,
  totalTokens: 61,
  model: "m",
  milliseconds: 100,
};

/** A server of so many slots on a clock of its own: each decision takes 100 ms once it has a slot. */
function simulated(slots: number): { readonly dialect: Dialect; readonly now: () => number } {
  let clock = 0;
  const free = new Array<number>(slots).fill(0);
  const waiting: { at: number; resolve: () => void }[] = [];
  let scheduled = false;
  const drain = (): void => {
    scheduled = false;
    waiting.sort((a, b) => a.at - b.at);
    const next = waiting.shift();
    if (!next) return;
    clock = Math.max(clock, next.at);
    next.resolve();
    if (waiting.length > 0) schedule();
  };
  const schedule = (): void => {
    if (!scheduled) setImmediate(drain);
    scheduled = true;
  };
  const dialect: Dialect = {
    async say() {
      const slot = free.indexOf(Math.min(...free));
      const end = Math.max(clock, free[slot]!) + 100;
      free[slot] = end;
      await new Promise<void>((resolve) => {
        waiting.push({ at: end, resolve });
        schedule();
      });
      return said;
    },
  };
  return { dialect, now: () => clock };
}

test.each([
  [1, 1, 10],
  [4, 4, 40],
  [8, 8, 80],
])("a server of %d slots: the knee is at %d", async (slots, knee, perSecond) => {
  const { dialect, now } = simulated(slots);
  const options = { stepSeconds: 2, mostAtOnce: 32, now };
  const speed = await measureSpeed(dialect, new AbortController().signal, options);
  expect(speed.knee).toBe(knee);
  expect(Math.max(...speed.steps.map((step) => step.perSecond))).toBeCloseTo(perSecond, -1);
  // It stops asking for more as soon as more brings nothing.
  expect(speed.steps.at(-1)!.atOnce).toBe(2 * knee);
});

test("the knee is a step that was measured, and reaches nine tenths of the most", () => {
  const steps = fc.array(fc.record({ atOnce: fc.nat(), perSecond: fc.double({ min: 0.01, max: 1e6, noNaN: true }) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(steps, (measured) => {
      const knee = measured.find(({ atOnce }) => atOnce === kneeOf(measured))!;
      expect(knee).toBeDefined();
    }),
  );
});
