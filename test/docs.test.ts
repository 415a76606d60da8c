/** What the documents show is run here: every `ts` block of the README and the guides, against its `// =>` lines. */

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
// Inside the package, so that its own name resolves to its own sources.
const folder = mkdtempSync(`${root}/test/.docs-`);

afterAll(() => rmSync(folder, { recursive: true }));

interface Block {
  readonly document: string;
  readonly number: number;
  readonly code: string;
}

function blocksOf(document: string): Block[] {
  const text = readFileSync(`${root}/${document}`, "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((found, index) => ({
    document,
    number: index + 1,
    code: found[1]!,
  }));
}

async function run(code: string, name: string): Promise<string> {
  const file = `${folder}/${name}.ts`;
  writeFileSync(file, code);
  const { stdout } = await execute(process.execPath, [`--conditions=pawl-source`, file], { cwd: folder });
  return stdout.trim();
}

function expectations(code: string): string {
  return [...code.matchAll(/^\s*\/\/ => (.*)$/gm)].map((found) => found[1]).join("\n");
}

/** Node breaks long objects over lines; the documents need not. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

const documents = ["README.md", ...readdirSync(`${root}/docs/guide`).map((file) => `docs/guide/${file}`)];
const blocks = documents.flatMap(blocksOf);

test("the README and the guides hold code to run", () => {
  expect(new Set(blocks.map((block) => block.document))).toContain("README.md");
  expect(blocks.length).toBeGreaterThanOrEqual(3);
});

test.each(blocks)("block $number of $document prints what it says", async ({ document, number, code }) => {
  const printed = await run(code, `${document.replaceAll(/\W/g, "-")}-${number}`);
  expect(expectations(code)).not.toBe("");
  expect(flat(printed)).toBe(flat(expectations(code)));
});

test("a block that prints something else would be caught", async () => {
  const code = 'console.log("b");\n// => a\n';
  expect(flat(await run(code, "control"))).not.toBe(flat(expectations(code)));
});
