/** The rung by itself; how its questions travel is tested in `batch/deferred.test.ts`. */

import { expect, test } from "vitest";
import { UsageError } from "../core/errors.ts";
import { memoryJournal } from "../journal/memory.ts";
import { batched } from "./batched.ts";
import { contextOf, questionOf, rungContract } from "./rung.contract.ts";

const price = { input: 1, output: 2, updated: "2026-11-01" };

for (const [vendor, model] of [
  ["openai", "gpt-6-luna"],
  ["anthropic", "claude-haiku-4-5"],
] as const) {
  rungContract({ name: `batched ${vendor}`, make: () => batched(vendor, model, { price }), expects: "waiting" });
}

test("what it queues is redacted, and holds no key", async () => {
  const { calls, notes, vectors, recall } = memoryJournal();
  const rung = batched("openai", "gpt-6-luna", { price, key: "secret-key", redact: true });
  await rung.open!({ calls, notes, vectors, recall, say: () => {} });
  const reply = await rung.decide(questionOf("choose", "write to ann@example.com"), contextOf());
  expect(reply).toEqual({ kind: "waiting", reason: expect.stringContaining("pawl batch"), later: true });
  const [queued] = calls.deferred.list(rung.name, "queued", 0, 10);
  expect(queued).toMatchObject({ target: "/v1/chat/completions", host: "api.openai.com", model: "gpt-6-luna" });
  expect(JSON.stringify(queued)).toContain("[email 1]");
  expect(JSON.stringify(queued)).not.toMatch(/ann@example|secret-key/);
  expect(rung.version?.(questionOf("choose"))).not.toContain("secret-key");
});

test("to send needs a key; to queue does not", () => {
  const before = process.env.OPENAI_API_KEY;
  delete process.env.OPENAI_API_KEY;
  const { batches } = batched("openai", "gpt-6-luna", { price });
  expect(() => batches!.open()).toThrow(UsageError);
  expect(() => batches!.open()).toThrow("OPENAI_API_KEY");
  if (before !== undefined) process.env.OPENAI_API_KEY = before;
});
