/** What an encoder on disk wants in front of every text when like is compared with like. */

import { readGguf } from "./gguf.ts";
import type { InstalledModel } from "./models.ts";

/** Where our import writes it; a file from elsewhere has no such key. */
export const PREFIX_KEY = "pawl.text_prefix";

/** By the catalogue, else by what our import wrote into the file, else by the file's architecture. "" for none. */
export async function textPrefixOf({ entry, path }: InstalledModel): Promise<string> {
  if (entry !== null) return entry.encoder?.prefix ?? "";
  const { metadata } = await readGguf(path);
  const written = metadata.get(PREFIX_KEY);
  if (typeof written === "string") return written;
  // Every text of nomic's names its task; without one its vectors are not what they were trained to be.
  return metadata.get("general.architecture") === "nomic-bert" ? "classification: " : "";
}
