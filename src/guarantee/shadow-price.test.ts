import { describe, expect, it } from "vitest";
import { seededRandom } from "./random.ts";
import { advance, type Budget, type Meter, openMeter, scarcity, spend } from "./shadow-price.ts";

const day = 86_400;
const budget: Budget = { perDay: 100, burst: 10, step: 3 };

interface Tally {
  readonly spent: number[];
  readonly refused: number[];
  /** Largest sum over any 24 hours. */
  readonly worstWindow: number;
  readonly priceAtEnd: number;
}

/**
 * Ten days of decisions, each worth up to a different amount: five times as many at noon as at night, and from the
 * sixth day on twice as many, worth half as much. Each that is worth more than its cost and its price is bought.
 */
function replay({ perDay, burst, step }: Budget, priced: boolean, seed = 7): Tally {
  const random = seededRandom(seed);
  const [spent, refused] = [new Array<number>(10).fill(0), new Array<number>(10).fill(0)];
  const bought: { at: number; amount: number }[] = [];
  let meter: Meter = openMeter({ perDay, burst, step }, 0);
  for (let at = 0; at < 10 * day; ) {
    const late = at >= 5 * day;
    const perSecond = ((late ? 2 : 1) * 12_000 * (1 + (2 / 3) * Math.sin((2 * Math.PI * at) / day))) / day;
    at += -Math.log(1 - random()) / perSecond;
    if (at >= 10 * day) break;
    const today = Math.floor(at / day);
    meter = advance(meter, { perDay, burst, step }, at);
    const amount = 0.03 + 0.02 * random();
    const worth = random() ** 2 * (late ? 0.5 : 1);
    const price = scarcity(meter, amount);
    if (price === "closed") refused[today]!++;
    else if (worth > amount + (priced ? price : 0)) {
      meter = spend(meter, { perDay, burst, step }, amount);
      spent[today]! += amount;
      bought.push({ at, amount });
    }
  }
  let [worstWindow, window, first] = [0, 0, 0];
  for (const { at, amount } of bought) {
    window += amount;
    for (; bought[first]!.at <= at - day; first++) window -= bought[first]!.amount;
    worstWindow = Math.max(worstWindow, window);
  }
  return { spent, refused, worstWindow, priceAtEnd: meter.price };
}

describe("the shadow price", () => {
  it("spends each day's budget within 5 %, on a stream that changes by the hour and for good (f.25)", () => {
    for (const seed of [1, 2, 3]) {
      const { spent } = replay(budget, true, seed);
      for (const amount of spent.slice(1)) expect(Math.abs(amount / budget.perDay - 1)).toBeLessThan(0.05);
    }
  });

  it("never passes the hard cap, however wrong the price is", () => {
    for (const step of [0.001, 3, 1000]) {
      expect(replay({ ...budget, step }, true).worstWindow).toBeLessThanOrEqual(budget.perDay + budget.burst + 1e-9);
    }
    expect(replay(budget, false).worstWindow).toBeLessThanOrEqual(budget.perDay + budget.burst + 1e-9);
  });

  it("and it is the price that keeps to the budget: without it the cap refuses most of what comes", () => {
    const refusals = (tally: Tally): number => tally.refused.slice(1).reduce((sum, count) => sum + count, 0);
    const [priced, unpriced] = [replay(budget, true), replay(budget, false)];
    expect(refusals(unpriced)).toBeGreaterThan(10_000);
    expect(refusals(priced)).toBeLessThan(refusals(unpriced) / 20);
  });

  it("is 0 where the budget does not bind", () => {
    // At most what the last expense has just raised it by.
    expect(replay({ perDay: 10_000, burst: 1000, step: 3 }, true).priceAtEnd).toBeLessThanOrEqual(3 * 0.05);
    expect(replay(budget, true).priceAtEnd).toBeGreaterThan(2);
  });

  it("moves by eta × (spent - budget)", () => {
    const later = spend(advance(openMeter(budget, 0, 5), budget, day / 100), budget, 3);
    expect(later.price).toBeCloseTo(5 + budget.step * (3 - 1), 12);
    expect(later.left).toBe(budget.burst - 3);
  });

  it("does not fill the bucket when the clock goes back", () => {
    const empty = spend(openMeter(budget, day), budget, 10);
    expect(advance(empty, budget, 0)).toEqual(empty);
  });

  it("is closed to what the bucket does not hold, and refuses to spend it", () => {
    const meter = openMeter(budget, 0);
    expect(scarcity(meter, 10.5)).toBe("closed");
    expect(() => spend(meter, budget, 10.5)).toThrow(expect.objectContaining({ code: "E_OVERSPENT" }));
    expect(() => openMeter({ ...budget, step: 0 }, 0)).toThrow(expect.objectContaining({ code: "E_BUDGET" }));
  });
});
