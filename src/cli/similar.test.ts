/** `pawl similar`: which rows are read and which set aside, and the command as people meet it, with the real encoder. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { FakeEncoder } from "../engine/fake.contract.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openTextVectors } from "../rung/text-vectors.ts";
import { LiveLine } from "./live-line.ts";
import { type ItemOptions, readItems } from "./similar-rows.ts";

async function read(name: string, content: string, options: ItemOptions = {}) {
  using folder = temporaryFolder();
  writeFileSync(folder.file(name), content);
  const engine = new FakeEncoder();
  const texts = await openTextVectors("fake", { vectors: memoryJournal().vectors, say: () => {} }, { engine });
  return { engine, ...(await readItems(folder.file(name), texts, options, new LiveLine(true))) };
}

describe("the rows that are compared", () => {
  test("keep their order, ids, lines and a short beginning", async () => {
    const long = `card ${"of mine ".repeat(40)}`;
    const { items, vectors, setAside } = await read("a.csv", `id,text\nx,a lost card\ny,"${long}"\n`);
    expect(items).toEqual([
      { id: "x", line: 2, excerpt: "a lost card" },
      { id: "y", line: 3, excerpt: `${long.slice(0, 69)}…` },
    ]);
    expect(vectors).toHaveLength(2);
    expect(setAside).toEqual([]);
  });

  test("are set aside with line and reason where there is nothing to compare", async () => {
    const lines = ['{"id":1,"text":"a card"}', '{"id":2,"text":" "}', "{", '{"text":"no id"}', '{"id":5,"text":5}'];
    const { items, setAside } = await read("a.jsonl", lines.join("\n"));
    expect(items.map(({ id }) => id)).toEqual(["1"]);
    expect(setAside.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
    expect(setAside.map(({ reason }) => reason).join("; ")).toMatch(/no vector; .*; .*id.* missing; .*holds no text/);
  });

  test("take the column that is named, called text, or alone; more than one is a question", async () => {
    const table = "id,subject,body\n1,lost,my card\n";
    expect((await read("a.csv", table, { text: "subject" })).engine.embedded).toEqual(["lost"]);
    expect((await read("b.csv", "subject,text\na,b\n")).engine.embedded).toEqual(["b"]);
    expect((await read("c.csv", "key,body\n1,alone\n", { id: "key" })).engine.embedded).toEqual(["alone"]);
    await expect(read("a.csv", table)).rejects.toMatchObject({ code: "E_NO_COLUMN", message: /"subject", "body"/ });
    await expect(read("a.csv", table, { text: "x" })).rejects.toMatchObject({ code: "E_NO_COLUMN" });
    expect((await read("a.csv", "text\na\nb\nc\n", { limit: 2 })).items).toHaveLength(2);
  });

  test("end with the encoder's own trouble", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("a.csv"), "text\na\nb\nc\n");
    const engine = new FakeEncoder();
    await engine.close();
    const texts = await openTextVectors("fake", { vectors: memoryJournal().vectors, say: () => {} }, { engine });
    const reading = readItems(folder.file("a.csv"), texts, {}, new LiveLine(true));
    await expect(reading).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
  });
});

describe("pawl similar", () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder();
    const rows = [
      "a,My card is lost",
      "b,Where is the nearest cash machine?",
      "c,I lost my card",
      "d,I lost my card!",
      "e, ",
    ];
    writeFileSync(folder.file("tickets.csv"), `id,text\n${rows.join("\n")}\n`);
  });
  afterAll(() => folder[Symbol.dispose]());

  function pawl(...given: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const parts = ["--conditions=pawl-source", main, "similar", "tickets.csv", ...given];
    return new Promise((resolve) => {
      execFile(process.execPath, parts, { cwd: folder.path }, (error, out, err) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
      });
    });
  }

  test("finds duplicates, the nearest and clusters; what is set aside makes it exit 3", async () => {
    const duplicates = await pawl("--duplicates", "--at", "0.9");
    expect(duplicates.code).toBe(3);
    expect(duplicates.out).toMatch(/^3 items\n {2}1\.000 {2}a {2}line 2 {2}My card is lost\n/);
    expect(duplicates.err).toContain("line 6 set aside");
    expect(duplicates.err).toContain("1 group with 2 items more than one of each, of 4 items");
    const like = await pawl("--like", "an ATM", "--top", "1", "--json");
    expect(JSON.parse(like.out)).toMatchObject({ items: 4, nearest: [{ id: "b", line: 3 }] });
    expect(like.out).not.toContain("cash machine");
    const found = JSON.parse((await pawl("--clusters", "2", "--json", "--quiet")).out);
    expect(found.groups.map((group: { id: string }[]) => group.map(({ id }) => id).sort())).toEqual([
      ["a", "c", "d"],
      ["b"],
    ]);
  });

  test("wants one aim, and a cosine", async () => {
    expect(await pawl()).toMatchObject({
      code: 2,
      err: expect.stringContaining("--duplicates, --clusters K or --like"),
    });
    expect(await pawl("--duplicates", "--like", "x")).toMatchObject({ code: 2 });
    expect(await pawl("--duplicates", "--at", "1.5")).toMatchObject({
      code: 2,
      err: expect.stringContaining("0 to 1"),
    });
  });
});
