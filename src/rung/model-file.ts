/** Finds the file of a model that a rung names, and fetches it where the catalogue knows it and it is not there. */

import type { Progress } from "../models/models.ts";
import type { OpenNeeds } from "./rung.ts";

export interface ModelFile {
  readonly path: string;
  readonly name: string;
  readonly digest: string;
  /** Text that this encoder wants before every text; "" where it wants none. */
  readonly textPrefix: string;
}

/** Says what it fetches, from where, and how far it is: nothing is downloaded silently. */
export async function openModelFile(nameOrPath: string, say: OpenNeeds["say"]): Promise<ModelFile> {
  const [{ ensureModel }, { textPrefixOf }] = await Promise.all([
    import("../models/pull.ts"),
    import("../models/prefix.ts"),
  ]);
  const onProgress = arrival(nameOrPath, say);
  const model = await ensureModel(nameOrPath, { onNote: say, onProgress });
  const { path, name, digest } = model;
  return { path, name, digest, textPrefix: await textPrefixOf(model) };
}

/** Least milliseconds between two lines about one source: they may go to a log, where nothing is drawn over. */
const sayEvery = 2_000;

/** Turns progress into a line now and then; `pull` itself says where it fetches from. `now` in milliseconds, ever growing. */
export function arrival(
  model: string,
  say: OpenNeeds["say"],
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let source = "";
  let said = 0;
  return ({ what, bytes, total, bytesPerSecond }) => {
    // "model.safetensors from huggingface.co": a source may have several files.
    const from = what.slice(what.lastIndexOf(" from ") + 1);
    const at = now();
    if (from === source && at - said < sayEvery) return;
    if (from === source) {
      const whole = total === null ? "" : ` of ${megabytes(total)}`;
      say(`${model}: ${megabytes(bytes)}${whole} MB, ${megabytes(bytesPerSecond)} MB/s`);
    }
    source = from;
    said = at;
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
