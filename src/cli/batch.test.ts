/** `pawl batch`, as a user meets it. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { startFakeBatches } from "../../test/support/fake-batches.ts";
import { temporaryFolder } from "../../test/support/folder.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);

test("what waits is sent, fetched and handed to its runs; what failed is for people", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder();
  await using fake = await startFakeBatches();
  const pawl = (...given: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const parts = ["--conditions=pawl-source", main, ...given];
      execFile(process.execPath, parts, { cwd: folder.path }, (error, out, err) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
      });
    });
  writeFileSync(
    folder.file("mails.ts"),
    `import { defineLoop } from ${source("../index.ts")};
     import { z } from ${zod};
     export default defineLoop({
       name: "mails", version: "1", input: z.object({ text: z.string() }), output: z.string(),
       run: async ({ text }, step) => (await step.choose("team", { about: text, ask: "Which team?", options: ["billing", "shipping"] })).value,
     });`,
  );
  writeFileSync(
    folder.file("pawl.config.ts"),
    `import { batched, defineConfig, person } from ${source("../index.ts")};
     const price = { input: 1, output: 2, updated: "2026-11-01" };
     const far = batched(${JSON.stringify(fake.url)}, "gpt-6-luna", { vendor: "openai", key: "k", price });
     export default defineConfig({ ladder: [far, person()] });`,
  );
  writeFileSync(folder.file("mails.csv"), "text\nrefund me\nwhere is it\n");

  const run = await pawl("run", "mails.ts", "mails.csv", "-q");
  expect(run.out).toMatch(/waiting +2 +for a batch: pawl batch send/);
  expect(run.out).toMatch(/by batch +100 %/);
  expect((await pawl("review", "--list")).out).toContain("Nothing waits for a person");

  expect((await pawl("batch", "send")).out).toMatch(/2 questions sent in 1 batch: batch_1/);
  const early = await pawl("batch", "fetch");
  expect([early.code, early.out]).toEqual([3, expect.stringContaining("batch_1 is under way, 0 of 2 done")]);
  const [batch] = fake.batches;
  batch!.results = fake.answers(batch!, () => "billing").slice(0, 1);
  batch!.status = "expired";
  const status = JSON.parse((await pawl("batch", "status", "--json")).out);
  expect(status.rungs).toMatchObject([{ questions: { queued: 0, sent: 2 }, batches: [{ providerId: "batch_1" }] }]);
  expect(JSON.stringify(status)).not.toContain("sender");

  fake.refuses = 403;
  fake.refusesOnly = "GET /v1/batches/batch_1";
  const refused = await pawl("batch", "fetch");
  expect([refused.code, refused.out]).toEqual([5, expect.stringMatching(/: batch_1: .*403/)]);
  fake.refuses = null;

  const late = await pawl("batch", "fetch", "--watch", "--every", "1");
  expect(late.code).toBe(0);
  expect(late.out).toMatch(/1 answered, 1 failed/);
  expect(late.out).toMatch(/2 questions handed to their runs/);
  expect((await pawl("review", "--list", "--json")).out).toContain('"path": "team"');
  expect((await pawl("status")).out).toMatch(/^2 paid calls: 0\.\d+ USD, 1 unpriced$/m);
  expect((await pawl("batch", "send", "--rung", "none")).code).toBe(2);
});
