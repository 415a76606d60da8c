/** `pawl doctor`, as a user meets it: against a server that is really there. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { startLlamaServer, whyNoServer } from "../../test/support/llama-server.ts";
import { DEFAULT_CHAT } from "../models/catalogue.ts";
import { ensureModel } from "../models/pull.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const index = JSON.stringify(new URL("../index.ts", import.meta.url).href);
const reason = await whyNoServer();
if (reason !== null) console.warn(`SKIPPED: ${reason}`);

/** In a folder and a home of its own, and with no variable that names a server. */
function pawl(folder: string, ...given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { PATH } = process.env;
  const env = { PATH, HOME: folder, PAWL_HOME: `${folder}/home` };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=pawl-source", main, ...given], { cwd: folder, env }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });
}

interface Printed {
  readonly findings: readonly { readonly level: string; readonly about: string; readonly says: string }[];
  readonly models: readonly { readonly cached: boolean; readonly speed: unknown }[];
  readonly matrix: readonly { readonly [column: string]: unknown }[];
}

describe.skipIf(reason !== null)("a real llama.cpp server", () => {
  test("is found where the config says, asked, and known again", { timeout: 240_000 }, async () => {
    using folder = temporaryFolder();
    await using server = await startLlamaServer((await ensureModel(DEFAULT_CHAT)).path);
    const config = (model: string): string =>
      `import { defineConfig, person, remote } from ${index};
       export default defineConfig({ ladder: [remote("${server.url}", "${model}", { vendor: "llama-server" }), person()] });`;
    writeFileSync(folder.file("pawl.config.ts"), config("default"));
    const first = await pawl(folder.path, "doctor", "--no-speed", "--json");
    const { matrix, findings, models } = JSON.parse(first.out) as Printed;
    expect(models.map(({ cached }) => cached)).toEqual([false]);
    // What the library's own documentation and our measurements say of it: no word of it is taken from a flag.
    expect(matrix).toMatchObject([
      { schema: "honoured", logprobs: "raw", rounded: "no", thinking: "off", usage: "given", decisions: "no" },
    ]);
    expect(findings.filter(({ about }) => about === new URL(server.url).host)).toMatchObject([{ level: "ok" }]);

    const again = JSON.parse((await pawl(folder.path, "doctor", "--no-speed", "--json")).out) as Printed;
    expect(again.models.map(({ cached }) => cached)).toEqual([true]);
    expect((await pawl(folder.path, "doctor", server.url, "--find")).out).toContain("llama-server");
  });
});

test("a server of the config that is gone, and a name that is no address, are said with what to do", async () => {
  using folder = temporaryFolder();
  const rung = 'remote("http://127.0.0.1:9", "small")';
  const config = `import { defineConfig, person, remote } from ${index};
    export default defineConfig({ egress: { localOnly: true }, ladder: [${rung}, remote("http://192.0.2.7", "far", { price: { input: 1, output: 1, updated: "2026-11-01" } }), person()] });`;
  writeFileSync(folder.file("pawl.config.ts"), config);
  const { code, out } = await pawl(folder.path, "doctor");
  expect(code).toBe(5);
  expect(out).toContain("nobody answers there, and remote:127.0.0.1:9/small of the config asks it");
  expect(out).toMatch(
    /192\.0\.2\.7:80: not asked: only this machine may be\n +do: add egress: \{ allow: \["192\.0\.2\.7:80"\] \}/,
  );
  expect((await pawl(folder.path, "doctor", "a b")).code).toBe(2);
});
