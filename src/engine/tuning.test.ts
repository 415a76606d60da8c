import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { describeTuning, keepTuning, readTuning, type Tuning, tuningFile } from "./tuning.ts";

const tuning: Tuning = { threads: 1, flashAttention: false, raw: true, measured: { pass: 12.5 } };

test("what the probe found is read back; another model, machine or damage is not", async () => {
  using folder = temporaryFolder();
  const file = tuningFile("0123456789abcdef", 1, "auto", folder.path);
  expect(await readTuning(file)).toBeUndefined();
  await keepTuning(file, tuning);
  expect(await readTuning(file)).toEqual(tuning);
  expect(tuningFile("fedcba9876543210", 1, "auto", folder.path)).not.toBe(file);
  expect(tuningFile("0123456789abcdef", 2, "auto", folder.path)).not.toBe(file);
  for (const damaged of ["", "{", "null", "[]", '{"threads":"many"}', JSON.stringify({ ...tuning, raw: "x" })]) {
    await writeFile(file, damaged);
    expect(await readTuning(file)).toBeUndefined();
  }
});

test("a folder that cannot be written is no error", async () => {
  using folder = temporaryFolder();
  const file = tuningFile("0123456789abcdef", 1, false, folder.path);
  await mkdir(dirname(dirname(file)), { recursive: true });
  await writeFile(dirname(file), "a file is in the way");
  await keepTuning(file, tuning);
  expect(await readTuning(file)).toBeUndefined();
});

test("is told in a line", () => {
  expect(describeTuning(tuning, 2, false)).toBe("2 processes of 1 thread, flash attention off, raw probabilities");
  expect(describeTuning({ ...tuning, threads: 4, raw: false, flashAttention: true }, 1, "cuda")).toBe(
    "1 process of 4 threads, on cuda, flash attention on, probabilities not raw",
  );
});
