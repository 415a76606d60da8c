/** The support example, from its own files, on a scripted model: one refund, and only after a person's yes. */

import { type Json, makeParts, memoryJournal, person, runItem } from "pawl";
import { scripted } from "pawl/testing";
import { expect, test } from "vitest";
import support, { shop } from "../examples/support/loop.ts";
import { readRows } from "../src/data/read.ts";

const model = scripted((question, { item }) => {
  const { id } = item as { id: string };
  if (question.name === "team") return id === "t2" ? "shipping" : id === "t3" ? "technical" : "billing";
  const order = /[A-Z]{2}\d{6}/.exec(question.about)?.[0];
  const looked = question.about.includes("Done so far");
  if (!looked) return { tool: "find_order", args: { order } };
  if (question.about.includes("not found")) return { tool: "hand_over", args: { reason: "needs a decision" } };
  return { tool: "refund", args: { order } };
});

test("tickets are routed, handed over or refunded, and no refund is made without a person", async () => {
  const journal = memoryJournal();
  const parts = makeParts({ ladder: [model, person()] }, journal);
  const outcomes: { [id: string]: Json } = {};
  for await (const row of readRows("examples/support/tickets.csv")) {
    if (row.kind === "bad") throw new Error(row.reason);
    const item = String(row.value.id);
    const identity = { loop: support.name, version: support.version, item, content: item };
    const taken = await journal.begin({ ...identity, input: row.value as Json });
    if (taken.kind !== "taken") throw new Error(taken.kind);
    const end = await runItem(support, taken, parts);
    outcomes[item] = end.kind === "ended" && end.outcome.kind === "done" ? end.outcome.output : end.kind;
  }
  expect(outcomes).toEqual({
    t1: "waiting",
    t2: { team: "shipping", action: "routed" },
    t3: { team: "technical", action: "routed" },
    t4: "waiting",
    t5: { team: "billing", action: "hand_over" },
  });
  expect(shop.effects().map(({ what }) => what)).toEqual(["hand_over"]);

  const [first] = journal.waiting();
  expect(first?.waiting.trail[0]).toMatchObject({ value: { tool: "refund", args: { order: "AB123456" } } });
  const path = first!.waiting.path;
  // A person may not invent an order that was never found: the refund is offered for this one alone.
  expect(first?.waiting.question.tools.find((tool) => tool.name === "refund")?.input).toMatchObject({
    properties: { order: { enum: ["AB123456"] } },
  });
  await journal.answer(1, {
    type: "person_answered",
    path,
    value: { tool: "refund", args: { order: "AB123456" } },
    by: "test",
  });
  const taken = await journal.take(1);
  if (taken.kind !== "taken") throw new Error(taken.kind);
  expect(await runItem(support, taken, parts)).toMatchObject({ outcome: { output: { action: "refund" } } });
  expect(shop.effects().map(({ what, number }) => `${what} ${number}`)).toEqual(["hand_over ", "refund AB123456"]);
  expect(shop.find("AB123456")?.status).toBe("refunded");
});
