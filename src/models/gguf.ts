/** Writes GGUF version 3, and reads the header of any GGUF of version 2 or 3. */
import { type FileHandle, open } from "node:fs/promises";
import { ModelError, StorageError, UsageError } from "../core/errors.ts";
import type { Quantisation } from "./models.ts";
import { storedBytes } from "./quantise.ts";

export type GgufValue =
  | { type: "u32"; value: number }
  | { type: "f32"; value: number }
  | { type: "bool"; value: boolean }
  | { type: "string"; value: string }
  | { type: "strings"; value: readonly string[] }
  | { type: "i32s"; value: readonly number[] };

export interface GgufTensor {
  name: string;
  /** Slowest dimension first, as PyTorch writes it. */
  shape: readonly number[];
  type: Quantisation;
  /** Called once, when its turn comes, so that one tensor at a time lies in memory. */
  bytes(): Promise<Uint8Array>;
}

/** What a header says; of arrays only the length, since a vocabulary is long and nobody here reads it. */
export interface GgufHeader {
  version: number;
  tensorCount: number;
  metadata: ReadonlyMap<string, string | number | boolean | { length: number }>;
}

const MAGIC = "GGUF";
const ALIGNMENT = 32;
const TENSOR_TYPE = { f32: 0, f16: 1, q8_0: 8 } as const;
const VALUE_TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

/**
 * Writes a GGUF, in the order given, so equal input gives equal bytes. The file is synced, not renamed.
 * @throws ModelError E_GGUF_WRITE when a tensor delivers another number of bytes than its shape says.
 */
export async function writeGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  await using handle = await open(path, "w");
  const header = encodeHeader(metadata, tensors);
  await handle.writeFile(header);
  for (const tensor of tensors) {
    const bytes = await tensor.bytes();
    if (bytes.byteLength !== tensorBytes(tensor)) {
      throw new ModelError(
        "E_GGUF_WRITE",
        `Tensor ${tensor.name} has ${bytes.byteLength} bytes, not what its shape says.`,
      );
    }
    await handle.writeFile(bytes);
    await handle.writeFile(new Uint8Array(padding(bytes.byteLength)));
  }
  await handle.sync();
}

function encodeHeader(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(MAGIC), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(text(key), ...encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(text(tensor.name), u32(tensor.shape.length));
    // GGUF names the fastest dimension first.
    for (const size of tensor.shape.toReversed()) parts.push(u64(size));
    parts.push(u32(TENSOR_TYPE[tensor.type]), u64(offset));
    const bytes = tensorBytes(tensor);
    offset += bytes + padding(bytes);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, new Uint8Array(padding(header.byteLength))]);
}

function encodeValue(value: GgufValue): Uint8Array[] {
  switch (value.type) {
    case "u32":
      return [u32(VALUE_TYPE.u32), u32(value.value)];
    case "f32": {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value.value);
      return [u32(VALUE_TYPE.f32), bytes];
    }
    case "bool":
      return [u32(VALUE_TYPE.bool), Buffer.from([value.value ? 1 : 0])];
    case "string":
      return [u32(VALUE_TYPE.string), text(value.value)];
    case "strings":
      return [u32(VALUE_TYPE.array), u32(VALUE_TYPE.string), u64(value.value.length), ...value.value.map(text)];
    case "i32s": {
      const numbers = Buffer.alloc(value.value.length * 4);
      value.value.forEach((each, index) => {
        numbers.writeInt32LE(each, index * 4);
      });
      return [u32(VALUE_TYPE.array), u32(VALUE_TYPE.i32), u64(value.value.length), numbers];
    }
  }
}

function tensorBytes(tensor: GgufTensor): number {
  return storedBytes(
    tensor.type,
    tensor.shape.reduce((product, size) => product * size, 1),
  );
}

function padding(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u64(bytes.byteLength), bytes]);
}

/**
 * Checks that a file is there and starts as a GGUF does.
 * @throws UsageError E_MODEL_NOT_FOUND when there is no such file, E_MODEL_NOT_GGUF when it is something else.
 */
export async function requireGguf(path: string): Promise<void> {
  const { magic, size } = await firstBytes(path);
  if (magic === MAGIC) return;
  throw new UsageError("E_MODEL_NOT_GGUF", `${path} is no GGUF: ${whatItIs(magic, size)}`, { value: path });
}

async function firstBytes(path: string): Promise<{ magic: string; size: number }> {
  try {
    await using handle = await open(path, "r");
    const stat = await handle.stat();
    if (stat.isDirectory()) return { magic: "folder", size: 0 };
    const start = Buffer.alloc(4);
    await handle.read(start, 0, 4, 0);
    return { magic: start.toString("latin1"), size: stat.size };
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new UsageError("E_MODEL_NOT_FOUND", `There is no file ${path}.`, { value: path, cause: thrown });
    }
    throw new StorageError("E_MODEL_UNREADABLE", `${path} cannot be read (${String(code)}).`, {
      value: path,
      cause: thrown,
    });
  }
}

/** The mistakes that people make with model files, named. */
function whatItIs(magic: string, size: number): string {
  if (magic === "folder") return 'it is a folder. An encoder\'s folder is imported with "pawl models import FOLDER".';
  if (size === 0) return "it is empty.";
  if (magic.startsWith("PK")) return "it is a zip or wheel.";
  if (magic === "vers") return "it is a Git LFS pointer, not the model: fetch the real file (git lfs pull).";
  if (magic === "<!DO" || magic === "<htm") return "it is a web page, perhaps saved instead of the model.";
  return 'its first bytes are not "GGUF". Other formats are converted with llama.cpp, encoders with "pawl models import".';
}

/**
 * Reads the header of a GGUF: versions, counts and metadata. The tensors are not read.
 * @throws UsageError as `requireGguf` does, ModelError E_GGUF when the header is damaged or of an unknown version.
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  await requireGguf(path);
  await using handle = await open(path, "r");
  const { size } = await handle.stat();
  const reader = new Reader(handle, path, size);
  await reader.skip(4);
  const version = await reader.u32();
  if (version !== 2 && version !== 3) throw reader.damaged(`its version is ${version}; 2 and 3 can be read`);
  const tensorCount = await reader.u64();
  const count = await reader.u64();
  const metadata = new Map<string, string | number | boolean | { length: number }>();
  for (let index = 0; index < count; index++) {
    const key = await reader.string();
    metadata.set(key, await reader.value(await reader.u32()));
  }
  return { version, tensorCount, metadata };
}

/** Walks through a file a window at a time: a vocabulary of 150,000 words is passed over, not kept. */
class Reader {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #size: number;
  #window: Buffer = Buffer.alloc(0);
  #at = 0;
  #windowStart = 0;

  constructor(handle: FileHandle, path: string, size: number) {
    this.#handle = handle;
    this.#path = path;
    this.#size = size;
  }

  damaged(why: string): ModelError {
    return new ModelError("E_GGUF", `${this.#path} is a damaged GGUF: ${why}.`, { value: this.#path });
  }

  async #take(length: number): Promise<Buffer> {
    const position = this.#windowStart + this.#at;
    if (length > this.#size - position) throw this.damaged("it ends in the middle of its header");
    if (this.#at + length > this.#window.byteLength) {
      const next = Buffer.alloc(Math.min(Math.max(length, 1 << 16), this.#size - position));
      let filled = 0;
      while (filled < next.byteLength) {
        const { bytesRead } = await this.#handle.read(next, filled, next.byteLength - filled, position + filled);
        if (bytesRead === 0) throw this.damaged("it became shorter while it was read");
        filled += bytesRead;
      }
      this.#window = next;
      this.#windowStart = position;
      this.#at = 0;
    }
    this.#at += length;
    return this.#window.subarray(this.#at - length, this.#at);
  }

  /** Passes over bytes without keeping them. */
  async skip(length: number): Promise<void> {
    if (length > this.#size - this.#windowStart - this.#at) throw this.damaged("it ends in the middle of its header");
    this.#at += length;
    if (this.#at > this.#window.byteLength) {
      this.#windowStart += this.#at;
      this.#window = Buffer.alloc(0);
      this.#at = 0;
    }
  }

  async u32(): Promise<number> {
    return (await this.#take(4)).readUInt32LE();
  }

  async u64(): Promise<number> {
    const value = (await this.#take(8)).readBigUInt64LE();
    // Every count and length in a header is bounded by the size of the file.
    if (value > BigInt(this.#size)) throw this.damaged(`it claims a length of ${value}`);
    return Number(value);
  }

  async string(): Promise<string> {
    return (await this.#take(await this.u64())).toString("utf8");
  }

  async value(type: number): Promise<string | number | boolean | { length: number }> {
    if (type === VALUE_TYPE.string) return this.string();
    if (type === VALUE_TYPE.array) return this.#array();
    const bytes = await this.#take(this.#width(type));
    switch (type) {
      case 0:
        return bytes.readUInt8();
      case 1:
        return bytes.readInt8();
      case 2:
        return bytes.readUInt16LE();
      case 3:
        return bytes.readInt16LE();
      case 4:
        return bytes.readUInt32LE();
      case 5:
        return bytes.readInt32LE();
      case 6:
        return bytes.readFloatLE();
      case 7:
        return bytes.readUInt8() !== 0;
      case 10:
        return Number(bytes.readBigUInt64LE());
      case 11:
        return Number(bytes.readBigInt64LE());
      default:
        return bytes.readDoubleLE();
    }
  }

  async #array(): Promise<{ length: number }> {
    const type = await this.u32();
    const length = await this.u64();
    if (type === VALUE_TYPE.string) {
      for (let index = 0; index < length; index++) await this.skip(await this.u64());
    } else if (type === VALUE_TYPE.array) {
      for (let index = 0; index < length; index++) await this.#array();
    } else await this.skip(length * this.#width(type));
    return { length };
  }

  #width(type: number): number {
    const width = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8][type];
    if (!width) throw this.damaged(`it holds a value of unknown type ${type}`);
    return width;
  }
}
