/** `pawl models import FOLDER`: anybody's fine-tuned sentence-transformers encoder, as a GGUF in the store. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ModelError, UsageError } from "../core/errors.ts";
import { type BertShape, convertBert, readShape, SUPPORTED } from "./bert.ts";
import { findEntry } from "./catalogue.ts";
import { fileDigest } from "./digest.ts";
import { withLock } from "./lock.ts";
import type { InstalledModel, Quantisation } from "./models.ts";
import { landModel, modelPath, partialFolder, storeFolder } from "./store.ts";

export interface ImportOptions {
  /** What the model will be called. */
  name: string;
  /** Default q8_0: a quarter of the size, cosine 0.9996 to the float32 vectors (MiniLM, 46 texts, mean). */
  quantisation?: Quantisation;
  /** The store. Default `storeFolder()`. */
  folder?: string;
  /** What is worth knowing on the way, one sentence each. */
  onNote?: ((note: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImportResult {
  model: InstalledModel;
  /** Numbers in a vector, pooling, tokens and the rest of what the folder says. */
  shape: BertShape;
  seconds: number;
}

/**
 * Imports a folder (config.json, tokenizer.json or vocab.txt, model.safetensors, optionally modules.json,
 * 1_Pooling/config.json, sentence_bert_config.json and config_sentence_transformers.json). Equal folders give equal files, byte for byte.
 * @throws UsageError E_MODEL_NAME, E_MODEL_NOT_FOUND. @throws ModelError E_IMPORT_*, E_SAFETENSORS, and
 * E_MODEL_CHECKSUM when the name is a catalogue's and the result is another file.
 */
export async function importFolder(source: string, options: ImportOptions): Promise<ImportResult> {
  const started = performance.now();
  const folder = options.folder ?? storeFolder();
  const partial = partialFolder(options.name, folder);
  const entry = findEntry(options.name);
  if (entry?.kind === "chat") {
    throw new UsageError("E_MODEL_NAME", `${entry.name} is the name of a chat model: choose another name.`, {
      value: options.name,
    });
  }
  await mkdir(partial, { recursive: true });
  const lock = `${modelPath(options.name, folder)}.lock`;
  const onWait = (): void => options.onNote?.(`Another process is at work on ${options.name}; waiting for it.`);
  return withLock(lock, { signal: options.signal, onWait }, async () => {
    const finished = join(partial, `${randomUUID()}.gguf`);
    try {
      const { shape } = await convertFolder(source, finished, {
        name: options.name,
        quantisation: options.quantisation ?? "q8_0",
        onNote: options.onNote,
      });
      const sha256 = await fileDigest(finished, options.signal);
      const expected = entry?.sha256 ?? null;
      if (expected !== null && sha256 !== expected) {
        throw new ModelError(
          "E_MODEL_CHECKSUM",
          `${source} does not give the ${options.name} of the catalogue (sha256 ${sha256}, not ${expected}): choose another name.`,
          { value: sha256 },
        );
      }
      const verified = expected === null ? "none" : "catalogue";
      const model = await landModel(finished, options.name, { sha256, verified, source: resolve(source) }, folder);
      return { model, shape, seconds: (performance.now() - started) / 1000 };
    } finally {
      await rm(finished, { force: true });
      // Left when empty only: a pull may have something unfinished there.
      await rm(partial, { recursive: false }).catch(() => undefined);
    }
  });
}

/**
 * The conversion alone: writes the GGUF of a folder to a path. `weightsSha256` is checked where it is known.
 * @throws as `importFolder` does, and ModelError E_MODEL_CHECKSUM when the weights are not the expected ones.
 */
export async function convertFolder(
  source: string,
  destination: string,
  options: {
    name: string;
    quantisation: Quantisation;
    weightsSha256?: string | null;
    onNote?: ((note: string) => void) | undefined;
  },
): Promise<{ shape: BertShape; weightsSha256: string }> {
  await requireFolder(source);
  const shape = await readShape(source);
  await requireWeights(source);
  if (shape.poolingAssumed) options.onNote?.(`${source} does not say how it pools: mean is assumed.`);
  if (shape.textPrefix !== "") options.onNote?.(`Every text will be read behind ${JSON.stringify(shape.textPrefix)}.`);
  const weightsSha256 = await fileDigest(join(source, "model.safetensors"));
  if (options.weightsSha256 && options.weightsSha256 !== weightsSha256) {
    throw new ModelError(
      "E_MODEL_CHECKSUM",
      `The weights in ${source} have sha256 ${weightsSha256}, not ${options.weightsSha256}.`,
      { value: weightsSha256 },
    );
  }
  await convertBert(source, destination, shape, options.quantisation, { name: options.name, weightsSha256 });
  return { shape, weightsSha256 };
}

async function requireFolder(source: string): Promise<void> {
  const found = await stat(source).catch(() => undefined);
  if (found?.isDirectory()) return;
  const why = found === undefined ? "There is no folder" : "This is a file, and a folder is imported:";
  throw new UsageError("E_MODEL_NOT_FOUND", `${why} ${source}. A GGUF needs no import: name it by its path.`, {
    value: source,
  });
}

async function requireWeights(source: string): Promise<void> {
  const has = async (file: string): Promise<boolean> =>
    (await stat(join(source, file)).catch(() => undefined)) !== undefined;
  if (await has("model.safetensors")) return;
  const why = (await has("model.safetensors.index.json"))
    ? "its weights are split over several files (save them with max_shard_size set higher than the model)"
    : (await has("pytorch_model.bin"))
      ? "its weights are a pickle (pytorch_model.bin), which can run code; save it again with safe_serialization=True"
      : "it has no model.safetensors";
  throw new ModelError("E_IMPORT_UNSUPPORTED", `${source} cannot be imported: ${why}. ${SUPPORTED}.`, {
    value: source,
  });
}
