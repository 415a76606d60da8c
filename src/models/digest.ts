/** sha256 of files, read as a stream: a model of 5 GB never lies in memory. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Feeds a file into a hash, from its first byte to its last. */
export async function hashInto(hash: Hash, path: string, signal?: AbortSignal): Promise<void> {
  const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal && { signal }) });
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
}

/** sha256 of a file, hex. */
export async function fileDigest(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await hashInto(hash, path, signal);
  return hash.digest("hex");
}
