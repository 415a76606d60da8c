import { expect, test } from "vitest";
import type { Ticket } from "../data/tickets.ts";
import { Reached, streamOf } from "./stream.ts";

const tickets: readonly Ticket[] = Array.from({ length: 120 }, (_, n) => ({ id: `t${n}`, text: "why?", intent: "x" }));

test("no ticket is begun before the block ahead of it has ended and was learned from", async () => {
  const seen: string[] = [];
  const reached = new Reached();
  const rows = streamOf({
    tickets,
    prepare: async (block) => void seen.push(`prepare ${block.length}`),
    ended: async (count) => {
      setTimeout(() => reached.set(count), 1);
      await reached.at(count);
      seen.push(`ended ${count}`);
    },
    learn: async () => void seen.push("learn"),
  });
  let read = 0;
  for await (const row of rows) if (row.position % 50 === 1) seen.push(`row ${row.position}, after ${read++}`);
  expect(seen).toEqual([
    ...["prepare 50", "row 1, after 0", "ended 50", "learn"],
    ...["prepare 50", "row 51, after 1", "ended 100", "learn"],
    ...["prepare 20", "row 101, after 2", "ended 120", "learn"],
  ]);
});

test("a number is waited for until it is reached", async () => {
  const reached = new Reached();
  let over = false;
  const wait = reached.at(3).then(() => {
    over = true;
  });
  reached.set(2);
  await Promise.resolve();
  expect(over).toBe(false);
  reached.set(5);
  await wait;
  await reached.at(5);
});
