/** Which file a model is: its name, size and the start of its SHA-256. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ModelIdentity } from "./engine.ts";

export async function identify(
  path: string,
  known: { readonly name?: string | undefined; readonly digest?: string | undefined },
): Promise<Omit<ModelIdentity, "contextTokens">> {
  const { size } = await stat(path);
  return {
    name: known.name ?? basename(path),
    digest: (known.digest ?? (await sha256(path))).slice(0, 16),
    bytes: size,
  };
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
