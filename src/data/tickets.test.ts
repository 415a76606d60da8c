import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { banking8, loadTickets } from "./tickets.ts";
import { openTable } from "./write.ts";

test("the tickets are those that the notice names, each with a team", async () => {
  const { fold, options } = banking8();
  const table = openTable("csv", ["id", "text", "intent"]);
  const sums = { train: "494c04478fba59c6", test: "e4ffbd78b264049f" };
  for (const split of ["train", "test"] as const) {
    const tickets = await loadTickets(split);
    expect(tickets).toHaveLength(split === "train" ? 10_003 : 1000);
    expect(new Set(tickets.map((ticket) => ticket.id)).size).toBe(tickets.length);
    expect(new Set(tickets.map((ticket) => ticket.intent)).size).toBe(77);
    for (const ticket of tickets) expect(options[fold[ticket.intent]!]).toBeTypeOf("string");
    const csv = table.head + tickets.map((ticket) => table.row({ ...ticket })).join("");
    expect(createHash("sha256").update(csv).digest("hex")).toMatch(new RegExp(`^${sums[split]}`));
  }
});

test("banking8 is the file unchanged", () => {
  const { ask, cue, options, fold, sha256 } = banking8();
  expect([ask, cue]).toEqual(["Which team should handle this message?", "In one word, this message is about:"]);
  expect(Object.keys(options)).toHaveLength(8);
  expect(Object.keys(fold)).toHaveLength(77);
  expect(sha256).toBe("e0310563c579ec6aaac338b3a65d50bf5e1c4be002b926a89f886e05c2a6054d");
});
