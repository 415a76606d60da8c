/** What a user sees whose server is not there, or whose folder is not set up. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const index = JSON.stringify(new URL("../index.ts", import.meta.url).href);
const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);
const loop = `import { defineLoop } from ${index};
  import { z } from ${zod};
  export default defineLoop({
    name: "mails", version: "1", input: z.object({ text: z.string() }), output: z.string(),
    run: async ({ text }, step) => (await step.choose("team", { about: text, ask: "Which?", options: ["a", "b"] })).value,
  });`;

function pawl(cwd: string, ...given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=pawl-source", main, ...given], { cwd }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });
}

/** A port at which nobody listens any more. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("a server that is not there ends the command with 5 and its reason, and does not send the file to people", async () => {
  using folder = temporaryFolder();
  writeFileSync(folder.file("package.json"), '{"type":"module"}');
  writeFileSync(folder.file("mails.ts"), loop);
  const port = await deadPort();
  const config = `import { defineConfig, person, remote } from ${index};
    export default defineConfig({ ladder: [remote("http://127.0.0.1:${port}", "m"), person()] });`;
  writeFileSync(folder.file("pawl.config.ts"), config);
  const rows = Array.from({ length: 400 }, (_, index) => `mail ${index}`);
  writeFileSync(folder.file("mails.csv"), `text\n${rows.join("\n")}\n`);
  writeFileSync(folder.file("few.csv"), `text\n${rows.slice(0, 3).join("\n")}\n`);
  const few = await pawl(folder.path, "run", "mails.ts", "few.csv", "--journal", "few.db", "-q");
  expect([few.code, few.err]).toEqual([5, expect.stringMatching(/failed every time it was asked: .*127\.0\.0\.1/)]);
  const all = await pawl(folder.path, "run", "mails.ts", "mails.csv", "--json", "-q");
  expect(all.code).toBe(5);
  expect(all.out + all.err).toMatch(/has failed in 20 runs in a row, so the batch stopped: .*127\.0\.0\.1/);
  const waiting = (await pawl(folder.path, "review", "--list", "--json")).out.match(/"path"/g) ?? [];
  expect(waiting.length).toBeLessThan(100);
});

test("a folder whose package is of the other kind is told what to type", async () => {
  using folder = temporaryFolder();
  writeFileSync(folder.file("package.json"), '{"type":"commonjs"}');
  writeFileSync(folder.file("mails.ts"), loop);
  writeFileSync(folder.file("mails.csv"), "text\nhello\n");
  const { code, err } = await pawl(folder.path, "run", "mails.ts", "mails.csv");
  expect([code, err]).toEqual([2, expect.stringContaining("npm pkg set type=module")]);
});
