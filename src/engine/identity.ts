/** Which file a model is: that it is one at all, its name, size and the start of its SHA-256. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { totalmem } from "node:os";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { ModelError } from "../core/errors.ts";
import type { ModelIdentity } from "./engine.ts";
import { RUNTIME_VERSION } from "./runtime.ts";

/** Rejects with `E_MODEL_FILE` and the path: not there, not a GGUF, or larger than the memory. */
export async function identify(
  path: string,
  known: { readonly name?: string | undefined; readonly digest?: string | undefined },
): Promise<Omit<ModelIdentity, "contextTokens">> {
  const size = await checkFile(path);
  return {
    name: known.name ?? basename(path),
    digest: (known.digest ?? (await sha256(path))).slice(0, 16),
    build: `node-llama-cpp ${RUNTIME_VERSION}`,
    bytes: size,
  };
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** The file's size in bytes. */
async function checkFile(path: string): Promise<number> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new ModelError("E_MODEL_FILE", `the model file ${path} ${why}`, { cause, value: path });
  };
  const found = await stat(path).catch((thrown: NodeJS.ErrnoException) =>
    refuse(thrown.code === "ENOENT" ? "is not there" : `cannot be read: ${thrown.message}`, thrown),
  );
  if (!found.isFile()) refuse("is not a file");
  const file = await open(path).catch((thrown: Error) => refuse(`cannot be read: ${thrown.message}`, thrown));
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead < 4 || buffer.toString("latin1") !== "GGUF")
      refuse("is not a GGUF: it does not begin with the letters GGUF");
  } finally {
    await file.close();
  }
  if (found.size > totalmem()) {
    refuse(`is too big for the memory: ${gigabytes(found.size)} GB, and this machine has ${gigabytes(totalmem())} GB`);
  }
  return found.size;
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
