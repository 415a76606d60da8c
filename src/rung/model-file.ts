/** Finds the file of a model that a rung names, and fetches it where the catalogue knows it and it is not there. */

export interface ModelFile {
  readonly path: string;
  readonly name: string;
  readonly digest: string;
  /** Text that this encoder wants before every text; "" where it wants none. */
  readonly textPrefix: string;
}

/** Says what it fetches: nothing is downloaded silently. */
export async function openModelFile(nameOrPath: string, say: (line: string) => void): Promise<ModelFile> {
  const { ensureModel } = await import("../models/pull.ts");
  const { path, name, digest, entry } = await ensureModel(nameOrPath, { onNote: say });
  return { path, name, digest, textPrefix: entry?.encoder?.prefix ?? "" };
}
