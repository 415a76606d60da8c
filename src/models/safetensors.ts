/** Reads safetensors files: a length, a JSON header, then the numbers. One tensor at a time. */
import { type FileHandle, open } from "node:fs/promises";
import { endianness } from "node:os";
import { ModelError, messageOf } from "../core/errors.ts";
import { bfloat16ToFloat32, halfToFloat32 } from "../vectors/half.ts";

interface TensorInfo {
  name: string;
  dtype: string;
  /** Slowest dimension first, as PyTorch writes it. */
  shape: number[];
  /** Bytes from the start of the file. */
  start: number;
  end: number;
}

export interface SafetensorsFile extends AsyncDisposable {
  tensors: ReadonlyMap<string, TensorInfo>;
  /** The numbers of one tensor as float32, in file order. F32, F16 and BF16 only. */
  read(name: string): Promise<Float32Array>;
}

// A header names a few hundred tensors; anything near this is a damaged length.
const MAX_HEADER_BYTES = 100_000_000;
const LITTLE_ENDIAN = endianness() === "LE";

/**
 * Opens a safetensors file and checks its header against its size.
 * @throws ModelError E_SAFETENSORS when it is not one, is cut off, or a tensor is of another type than asked for.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, "r");
  try {
    const tensors = await readHeader(handle, path);
    return {
      tensors,
      read: (name) => readTensor(handle, tensors, name, path),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

async function readHeader(handle: FileHandle, path: string): Promise<Map<string, TensorInfo>> {
  const { size } = await handle.stat();
  const lengthBytes = await readExactly(handle, 0, Math.min(8, size));
  const length = lengthBytes.byteLength === 8 ? Number(lengthBytes.readBigUInt64LE(0)) : 0;
  if (length < 2 || length > MAX_HEADER_BYTES || 8 + length > size) {
    throw bad(path, "its header length makes no sense, so it is no safetensors file or it was cut off");
  }
  const header = parseHeader((await readExactly(handle, 8, length)).toString("utf8"), path);
  const tensors = new Map<string, TensorInfo>();
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const info = tensorInfo(name, value, 8 + length);
    if (info === undefined || info.end > size) throw bad(path, `tensor ${name} is described wrongly or cut off`);
    tensors.set(name, info);
  }
  return tensors;
}

function parseHeader(text: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (thrown) {
    throw bad(path, `its header is no JSON (${messageOf(thrown)})`);
  }
  throw bad(path, "its header is no JSON object");
}

function tensorInfo(name: string, value: unknown, dataStart: number): TensorInfo | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("dtype" in value && "shape" in value && "data_offsets" in value)) return undefined;
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) return undefined;
  const [from = 0, to = 0] = offsets;
  if (to < from) return undefined;
  return { name, dtype, shape, start: dataStart + from, end: dataStart + to };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

async function readTensor(
  handle: FileHandle,
  tensors: ReadonlyMap<string, TensorInfo>,
  name: string,
  path: string,
): Promise<Float32Array> {
  const info = tensors.get(name);
  if (info === undefined) throw bad(path, `it has no tensor ${name}`);
  const count = info.shape.reduce((product, size) => product * size, 1);
  const width = info.dtype === "F32" ? 4 : info.dtype === "F16" || info.dtype === "BF16" ? 2 : 0;
  if (width === 0) throw bad(path, `tensor ${name} is ${info.dtype}; F32, F16 and BF16 can be imported`);
  if (info.end - info.start !== count * width) throw bad(path, `tensor ${name} has the wrong number of bytes`);
  const bytes = await readExactly(handle, info.start, info.end - info.start);
  if (bytes.byteLength !== count * width) throw bad(path, `tensor ${name} is cut off`);
  return toFloat32(bytes, info.dtype, count);
}

function toFloat32(bytes: Buffer, dtype: string, count: number): Float32Array {
  // Aligned and in this machine's own byte order: millions of numbers in one step.
  if (dtype === "F32" && LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    if (dtype === "F32") numbers[index] = view.getFloat32(index * 4, true);
    else {
      const bits = view.getUint16(index * 2, true);
      numbers[index] = dtype === "F16" ? halfToFloat32(bits) : bfloat16ToFloat32(bits);
    }
  }
  return numbers;
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function bad(path: string, why: string): ModelError {
  return new ModelError("E_SAFETENSORS", `${path} cannot be imported: ${why}.`, { value: path });
}
