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

test("its version key changes with the option, with the server's whole address, and with the model that answered", () => {
  const versionOf = (url: string, version?: string): string => {
    const rung = batched(url, "m", { vendor: "openai", price, ...(version !== undefined && { version }) });
    return rung.version!(questionOf("choose"));
  };
  const gateway = "http://127.0.0.1:9/team-a";
  const keys = [versionOf(gateway), versionOf("http://127.0.0.1:9/team-b"), versionOf(gateway, "2")];
  expect(new Set(keys).size).toBe(3);
  expect(versionOf(gateway)).toBe(keys[0]);
  expect(keys[0]).toContain("127.0.0.1:9/m prompt-");
});

test("an answer serves at the same whole address and version only", async () => {
  const { calls, notes, vectors, recall } = memoryJournal();
  const options = { vendor: "openai", price } as const;
  const gateway = "http://127.0.0.1:9";
  for (const rung of [
    batched(`${gateway}/team-a`, "m", options),
    batched(`${gateway}/team-a`, "m", options),
    batched(`${gateway}/team-b`, "m", options),
    batched(`${gateway}/team-a`, "m", { ...options, version: "2" }),
  ]) {
    await rung.open!({ calls, notes, vectors, recall, say: () => {} });
    expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({ kind: "waiting" });
  }
  const queued = calls.deferred.list("batch:remote:127.0.0.1:9/m", "queued", 0, 10);
  expect(new Set(queued.map(({ content }) => content)).size).toBe(3);
});

test("to send needs a key; to queue does not", () => {
  const before = process.env.OPENAI_API_KEY;
  delete process.env.OPENAI_API_KEY;
  const { batches } = batched("openai", "gpt-6-luna", { price });
  expect(() => batches!.open()).toThrow(UsageError);
  expect(() => batches!.open()).toThrow("OPENAI_API_KEY");
  if (before !== undefined) process.env.OPENAI_API_KEY = before;
});
