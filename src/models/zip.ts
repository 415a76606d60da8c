/** Takes single members out of a zip (a wheel is one), as a stream: members of gigabytes never lie in memory. */
import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { ModelError, messageOf } from "../core/errors.ts";

export interface ZipMember {
  name: string;
  /** 0 stored, 8 deflated. */
  method: number;
  crc32: number;
  compressedBytes: number;
  bytes: number;
  /** Where its local header starts. */
  offset: number;
  encrypted: boolean;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const UNSAID_32 = 0xffffffff;
const UNSAID_16 = 0xffff;

/**
 * Reads the central directory.
 * @throws ModelError E_ZIP when the file is no zip or is damaged.
 */
export async function readZip(path: string): Promise<ZipMember[]> {
  await using handle = await open(path, "r");
  const { size } = await handle.stat();
  const { start, length, count } = await findDirectory(handle, path, size);
  if (start + length > size) throw bad(path, "its directory is cut off");
  const directory = await readAt(handle, start, length, path);
  const members: ZipMember[] = [];
  for (let at = 0, index = 0; index < count; index++) {
    if (at + 46 > length || directory.readUInt32LE(at) !== CENTRAL) throw bad(path, "its directory is damaged");
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
    if (next > length) throw bad(path, "its directory is damaged");
    members.push(readMember(directory, at, nameLength, extraLength));
    at = next;
  }
  return members;
}

function readMember(directory: Buffer, at: number, nameLength: number, extraLength: number): ZipMember {
  const member: ZipMember = {
    name: directory.toString("utf8", at + 46, at + 46 + nameLength),
    method: directory.readUInt16LE(at + 10),
    crc32: directory.readUInt32LE(at + 16),
    compressedBytes: directory.readUInt32LE(at + 20),
    bytes: directory.readUInt32LE(at + 24),
    offset: directory.readUInt32LE(at + 42),
    encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
  };
  const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
  readLarge(extra, member);
  return member;
}

/** Zip64: what does not fit 32 bits stands in an extra field, in this order, each only where needed. */
function readLarge(extra: Buffer, member: ZipMember): void {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const length = extra.readUInt16LE(at + 2);
    const end = Math.min(at + 4 + length, extra.byteLength);
    if (extra.readUInt16LE(at) === 1) {
      let value = at + 4;
      for (const field of ["bytes", "compressedBytes", "offset"] as const) {
        if (member[field] !== UNSAID_32 || value + 8 > end) continue;
        member[field] = Number(extra.readBigUInt64LE(value));
        value += 8;
      }
    }
    at = end;
  }
}

async function findDirectory(
  handle: FileHandle,
  path: string,
  size: number,
): Promise<{ start: number; length: number; count: number }> {
  const tailStart = Math.max(0, size - END_BYTES - UNSAID_16);
  const tail = await readAt(handle, tailStart, size - tailStart, path);
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END) continue;
    const count = tail.readUInt16LE(at + 10);
    const length = tail.readUInt32LE(at + 12);
    const start = tail.readUInt32LE(at + 16);
    const locator = at - 20;
    if (locator >= 0 && tail.readUInt32LE(locator) === END_64_LOCATOR) {
      const end = await readAt(handle, Number(tail.readBigUInt64LE(locator + 8)), 56, path);
      if (end.readUInt32LE(0) !== END_64) throw bad(path, "its directory is damaged");
      return {
        count: Number(end.readBigUInt64LE(32)),
        length: Number(end.readBigUInt64LE(40)),
        start: Number(end.readBigUInt64LE(48)),
      };
    }
    return { start, length, count };
  }
  throw bad(path, "it has no directory, so it is no zip or was cut off");
}

/**
 * Writes one member to `destination` and checks its length and CRC-32.
 * @throws ModelError E_ZIP when it is encrypted, compressed in another way than deflate, or damaged; nothing is left.
 */
export async function extractMember(
  path: string,
  member: ZipMember,
  destination: string,
  signal?: AbortSignal,
): Promise<void> {
  if (member.encrypted) throw bad(path, `${member.name} is encrypted`);
  if (member.method !== 0 && member.method !== 8) throw bad(path, `${member.name} uses compression ${member.method}`);
  await mkdir(dirname(destination), { recursive: true });
  const start = await dataStart(path, member);
  let bytes = 0;
  let checksum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      checksum = crc32(chunk, checksum);
      // A member that swells beyond its own claim must not fill the disk.
      done(bytes > member.bytes ? new Error("it is longer than its directory says") : null, chunk);
    },
  });
  try {
    if (member.compressedBytes > 0) {
      const source = createReadStream(path, { start, end: start + member.compressedBytes - 1, highWaterMark: 1 << 18 });
      const target = createWriteStream(destination);
      const options = signal === undefined ? {} : { signal };
      if (member.method === 8) await pipeline(source, createInflateRaw(), check, target, options);
      else await pipeline(source, check, target, options);
    } else await (await open(destination, "w")).close();
    if (bytes !== member.bytes || checksum !== member.crc32) throw new Error("its checksum is wrong");
  } catch (thrown) {
    await rm(destination, { force: true });
    signal?.throwIfAborted();
    throw bad(path, `${member.name} cannot be taken out (${messageOf(thrown)})`, thrown);
  }
}

/** Behind the local header, whose extra field may differ from the directory's. */
async function dataStart(path: string, member: ZipMember): Promise<number> {
  await using handle = await open(path, "r");
  const header = await readAt(handle, member.offset, 30, path);
  if (header.readUInt32LE(0) !== LOCAL) throw bad(path, `${member.name} is not where its directory says`);
  return member.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

async function readAt(handle: FileHandle, position: number, length: number, path: string): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw bad(path, "it is cut off");
    filled += bytesRead;
  }
  return buffer;
}

function bad(path: string, why: string, cause?: unknown): ModelError {
  return new ModelError("E_ZIP", `${path} cannot be read: ${why}`, { value: path, cause });
}
