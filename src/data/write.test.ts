import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StorageError, UsageError } from "../core/errors.ts";
import { readRows } from "./read.ts";
import { openTable, writeAtomically } from "./write.ts";

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "pawl-write-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe("openTable", () => {
  test("writes CSV that is quoted where it must be", () => {
    const table = openTable("out.csv", ["id", "text"]);
    expect(table.head).toBe("id,text\n");
    expect(table.row({ id: 1, text: 'a "b",\nc', other: 2 })).toBe('1,"a ""b"",\nc"\n');
    expect(table.row({ id: true, text: { a: [1] } })).toBe('true,"{""a"":[1]}"\n');
    expect(table.row({ id: null })).toBe(",\n");
    expect(table.row({ id: "=1+1", text: "\ud83d" })).toBe("=1+1,\\ud83d\n");
  });

  test("writes JSON Lines with every column, in order", () => {
    const table = openTable("-", ["id", "text", "__proto__"]);
    expect(table.head + table.row({ text: "a\n", id: 1 })).toBe('{"id":1,"text":"a\\n","__proto__":null}\n');
  });

  test("takes a path or a format, and refuses others", () => {
    const formats = ["csv", "a.CSV.gz", "b/c.tsv", "jsonl", "d.ndjson"].map((path) => openTable(path, ["a"]).format);
    expect(formats).toEqual(["csv", "csv", "tsv", "jsonl", "jsonl"]);
    expect(() => openTable("out.xlsx", ["a"])).toThrow(UsageError);
  });

  test("writes tables of any strings that read back equal", async () => {
    await using folder = await temporaryFolder();
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.string({ unit: fc.constantFrom(",", "\t", '"', "\n", "\r", " ", "\ufeff", "=", "a"), maxLength: 5 }),
    );
    const names = fc.uniqueArray(
      text.filter((name) => name !== ""),
      { minLength: 1, maxLength: 4 },
    );
    const table = names.chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        rows: fc.array(fc.tuple(...columns.map(() => text)), { maxLength: 5 }),
      }),
    );
    // A single blank name is no header, and a single name that holds a semicolon asks for --delimiter.
    const readable = table.filter(({ columns }) => columns.length > 1 || columns[0]!.trim() !== "");
    await fc.assert(
      fc.asyncProperty(readable, fc.constantFrom("csv", "tsv", "jsonl"), async ({ columns, rows }, format) => {
        const file = join(folder.path, `table.${format}`);
        const values = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
        const { head, row } = openTable(file, columns);
        await writeAtomically(file, async (write) => {
          await write(head);
          for (const value of values) await write(row(value));
        });
        if (format === "jsonl" && rows.length === 0) return;
        const options = { delimiter: format === "csv" ? "," : "\t" };
        const read = await collect(readRows(file, options));
        expect(read.map((row) => (row.kind === "row" ? Object.entries(row.value) : row))).toEqual(
          values.map((value) => Object.entries(value)),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe("writeAtomically", () => {
  test("replaces the file whole, keeps its mode, and leaves nothing else", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "out.csv");
    writeFileSync(path, "old");
    chmodSync(path, 0o664);
    symlinkSync("out.csv", join(folder.path, "link.csv"));
    await writeAtomically(join(folder.path, "link.csv"), async (write) => {
      await write("new");
      expect(readFileSync(path, "utf8")).toBe("old");
    });
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o664);
    expect(readdirSync(folder.path).sort()).toEqual(["link.csv", "out.csv"]);
  });

  test("leaves the old file where writing fails", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "out.csv");
    writeFileSync(path, "old");
    const failing = writeAtomically(path, async (write) => {
      await write("half".repeat(100_000));
      throw new Error("the rows ran out");
    });
    await expect(failing).rejects.toThrow("the rows ran out");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder.path)).toEqual(["out.csv"]);
  });

  test("compresses where the name says so, also nothing at all", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "out.jsonl.gz");
    await writeAtomically(path, async (write) => {
      for (let index = 0; index < 100; index++) await write("é".repeat(10_000));
    });
    expect(gunzipSync(readFileSync(path)).toString()).toBe("é".repeat(1_000_000));
    await writeAtomically(path, async () => {});
    expect(gunzipSync(readFileSync(path))).toHaveLength(0);
  });

  test("names the folder that is not there, and the folder in the file's place", async () => {
    await using folder = await temporaryFolder();
    const write = (path: string) => writeAtomically(path, async () => {});
    await expect(write(join(folder.path, "no/out.csv"))).rejects.toMatchObject({ code: "E_NO_FOLDER" });
    mkdirSync(join(folder.path, "sub"));
    await expect(write(join(folder.path, "sub"))).rejects.toMatchObject({ code: "E_DIRECTORY" });
  });

  test.skipIf(!existsSync("/dev/full"))("says that the disk is full, with the path, writing to a device", async () => {
    const error = await writeAtomically("/dev/full", (write) => write("x")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: "E_DISK_FULL", message: "/dev/full cannot be written: the disk is full" });
  });

  test.skipIf(process.platform === "win32")("cleans up after a file that could grow no more", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "out.csv");
    const script = `
      const { writeAtomically } = await import(${JSON.stringify(join(import.meta.dirname, "write.ts"))});
      await writeAtomically(${JSON.stringify(path)}, (write) => write("x".repeat(1e6))).catch((e) => console.log(e.code));`;
    const command = `ulimit -f 64; exec "${process.execPath}" --input-type=module -e '${script}'`;
    expect(execFileSync("sh", ["-c", command], { encoding: "utf8" })).toBe("E_DISK_FULL\n");
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("writes standard output, and tells when its reader is gone", () => {
    const script = `
      const { writeAtomically } = await import(${JSON.stringify(join(import.meta.dirname, "write.ts"))});
      await writeAtomically("-", async (write) => { for (let i = 0; i < 9; i++) await write("x".repeat(1e6) + "\\n"); })
        .catch((e) => console.error(e.code, e.message));`;
    const run = (pipe: string) => {
      const command = `{ "${process.execPath}" --input-type=module -e '${script}' 2>&3 | ${pipe}; } 3>&1`;
      return execFileSync("sh", ["-c", command], { encoding: "utf8" }).trim();
    };
    expect(run("wc -c")).toBe("9000009");
    expect(run("head -c 1 >/dev/null")).toBe("E_CLOSED standard output: nobody reads it any more");
  });
});
