import { expect, test } from "vitest";
import { errorOf, Tally, type TicketEnd } from "./tally.ts";

const up: TicketEnd = { kept: false, right: true, label: "up", untrained: false };
const kept: TicketEnd = { kept: true, right: true, label: null, untrained: null };

function tallyOf(...ends: readonly (readonly [count: number, end: TicketEnd])[]): Tally {
  const tally = new Tally();
  for (const [count, end] of ends) for (let turn = 0; turn < count; turn++) tally.add(end);
  return tally;
}

test("the share over the last 500 forgets what came before them", () => {
  const { figures } = tallyOf([600, up], [300, kept]);
  expect(figures).toEqual({
    tickets: 900,
    kept: 300,
    wrong: 0,
    last: { tickets: 500, kept: 300 },
    labels: 600,
    audits: 0,
  });
});

test("wrong are only those that were kept, and an audit is a label too", () => {
  const { figures } = tallyOf([10, { ...up, right: false }], [5, { ...kept, right: false, label: "audit" }], [5, kept]);
  expect(figures).toMatchObject({ kept: 10, wrong: 5, labels: 15, audits: 5 });
  expect(errorOf(figures)?.share).toBe(0.5);
  expect(errorOf(tallyOf([10, up]).figures)).toBeNull();
});

test("the table has a line at each milestone, and one at the end that is not there twice", () => {
  const ticketsOf = (tally: Tally) => tally.rows.map(({ tickets }) => tickets);
  expect(ticketsOf(tallyOf([1200, up]))).toEqual([250, 500, 1000, 1200]);
  expect(ticketsOf(tallyOf([1000, up]))).toEqual([250, 500, 1000]);
  expect(ticketsOf(tallyOf([20, up]))).toEqual([20]);
});

test("what the untrained encoder said counts where it was asked", () => {
  expect(tallyOf([3, up], [1, { ...up, untrained: true }], [4, kept]).untrained).toEqual({ tickets: 4, wrong: 3 });
});
