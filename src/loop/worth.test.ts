import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Facts, weighPerson, weighRung } from "./worth.ts";

const facts: Facts = {
  rung: "large",
  error: 2,
  p: 0.9,
  mayStand: true,
  rungP: 0.98,
  price: 0.1,
  scarcity: 0,
};

describe("a paid rung", () => {
  test("is worth asking when the errors that it saves cost more than it", () => {
    expect(weighRung(facts)).toMatchObject({ isWorth: true, worth: expect.closeTo(0.16), price: 0.1 });
    expect(weighRung({ ...facts, scarcity: 0.07 })).toMatchObject({ isWorth: false, price: expect.closeTo(0.17) });
    expect(weighRung({ ...facts, rungP: 0.9 })?.isWorth).toBe(false);
  });

  test("says its numbers", () => {
    expect(weighRung({ ...facts, scarcity: 0.07 })?.why).toBe(
      "asking large is expected to save 0.16 (right in 0.98 instead of 0.9, where a wrong answer costs 2), and it costs 0.1 and 0.07 for what is scarce today",
    );
    expect(weighRung({ ...facts, scarcity: "closed" })?.why).toMatch(/and the day has nothing left for it$/);
  });

  test("is not compared with an answer that may not stand", () => {
    expect(weighRung({ ...facts, p: 0.98 })?.isWorth).toBe(false);
    expect(weighRung({ ...facts, p: 0.98, mayStand: false })?.isWorth).toBe(true);
    expect(weighRung({ ...facts, mayStand: false, price: 1.97 })?.isWorth).toBe(false);
  });

  test("is asked where nobody knows how good the answer from below is", () => {
    expect(weighRung({ ...facts, p: null, price: 1e9 })).toBeNull();
    expect(weighPerson({ ...facts, p: null, price: 1e9 })).toBeNull();
  });
});

test("a person is worth asking when what would go wrong without costs more than they do", () => {
  expect(weighPerson({ ...facts, rung: "person" })).toMatchObject({ isWorth: true, worth: expect.closeTo(0.2) });
  expect(weighPerson({ ...facts, price: 0.15, scarcity: 0.1 })?.isWorth).toBe(false);
  expect(weighPerson({ ...facts, price: 0, scarcity: "closed" })?.isWorth).toBe(false);
});

test("who was not worth asking is not at a higher price, a lower cost of errors or a surer answer", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const any = fc.record({
    error: share,
    p: share,
    rungP: share,
    price: share,
    scarcity: share,
    mayStand: fc.boolean(),
  });
  fc.assert(
    fc.property(any, share, (given, more) => {
      const was = { rung: "large", ...given };
      for (const weigh of [weighRung, weighPerson]) {
        if (weigh(was)!.isWorth) continue;
        expect(weigh({ ...was, price: was.price + more })!.isWorth).toBe(false);
        expect(weigh({ ...was, p: Math.max(was.p, more) })!.isWorth).toBe(false);
        if (was.rungP >= was.p) expect(weigh({ ...was, error: was.error * more })!.isWorth).toBe(false);
      }
    }),
  );
});
