import { expect, test } from "vitest";
import { loopOf } from "../../test/support/loops.ts";
import { bench } from "../../test/support/run-loop.ts";
import { noUsage } from "../core/usage.ts";
import { receiptOf } from "../review/receipt.ts";
import { BrokenRung } from "../rung/broken-rung.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";
import { receiptLines } from "./receipt-text.ts";

const loop = loopOf(async (step) => (await step.choose("s", { about: "x", ask: "?", options: ["a", "b"] })).value);

async function shown(ladder: readonly Rung[]): Promise<string> {
  const started = bench(loop, ladder);
  await started.go();
  return receiptLines(receiptOf(started.run, started.events)).join("\n");
}

test("a receipt says in a line who was asked elsewhere, what was kept from it and what was wrong", async () => {
  const evidence = {
    host: "api.example.com",
    model: "big\u001b[31m-1",
    votes: 3,
    redacted: { emails: 2, phones: 1, cards: 0 },
    faults: ["rate limited", "usage missing"],
  } as const;
  const reply = { kind: "answered", value: "a", confidence: 1, basis: "votes", evidence, usage: noUsage } as const;
  expect(await shown([scripted(() => reply)])).toContain(
    "asked big␛[31m-1 at api.example.com · shares of 3 votes · kept from it: 2 emails, 1 phone · faults: rate limited, usage missing",
  );
});

test("so it does where the server had no reply at all; and nothing where nobody elsewhere was asked", async () => {
  const broken: Rung = {
    ...scripted({}),
    name: "remote",
    decide: () => {
      throw new BrokenRung("no", { host: "h:1", model: "m", faults: ["unauthorized"] }, null);
    },
  };
  expect(await shown([broken])).toContain("asked m at h:1 · faults: unauthorized");
  expect(await shown([scripted({ s: "a" })])).not.toContain("asked m");
});
