// The real answers that this bench replays: class probabilities with true labels, and option logits of six language models.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";

export type Task = "cosmosqa_10k" | "hellaswag_10k" | "mmlu_10k" | "halu_dialogue" | "halu_summarization";
export type Model = "Qwen-1_8B" | "Qwen-7B" | "Mistral-7B-v0.1" | "Llama-2-13b-hf" | "Yi-34B" | "Qwen-72B";

/** One row an item, one column an option. */
export type Matrix = readonly (readonly number[])[];

/** The 2,000 items of a task on which a sixth small model and the choices of five large ones are known. */
export interface Sample {
  readonly logits: { readonly yi6b: Matrix; readonly qwen7b: Matrix };
  /** Options chosen by Yi-34B, Qwen-72B, Llama-2-70B, DeepSeek-67B and Qwen-14B. */
  readonly large: Matrix;
}

export interface Classified {
  readonly probabilities: Matrix;
  readonly labels: readonly number[];
}

export interface Data {
  /** 10,000 rows of six options. */
  logits(model: Model, task: Task): Matrix;
  sample(task: "cosmosqa_10k" | "hellaswag_10k"): Sample;
  classified(name: "20news" | "imdb"): Classified;
}

/** Reads from the folder given, else `PAWL_DATA`, else the one beside the repository. */
export function openData(given: string | undefined): Data {
  const folder = resolve(given ?? process.env.PAWL_DATA ?? `${import.meta.dirname}/../../../shared/data`);
  const root = `${folder}/open/llm-outputs`;
  if (!existsSync(`${root}/llm-uncertainty-bench/index_dev6.json`)) {
    throw new Error(
      `This bench reads open/llm-outputs/{cleanlab-label-errors,cascade-samples,llm-uncertainty-bench} (github.com/cleanlab/label-errors, Apache-2.0, and github.com/smartyfh/LLM-Uncertainty-Bench, MIT), and found none in ${folder}. Name the folder with --data or PAWL_DATA.`,
    );
  }
  const all = once(() => readLogits(`${root}/llm-uncertainty-bench`));
  return {
    logits(model, task) {
      const found = all().get(`${model} ${task}`);
      if (!found) throw new Error(`no logits of ${model} on ${task}`);
      return found;
    },
    sample: (task) => readSample(`${root}/cascade-samples/lub_${task}_2000.csv`),
    classified(name) {
      const at = (path: string): Matrix => readNpy(`${root}/cleanlab-label-errors/${path}`);
      const probabilities = at(`cross_validated_predicted_probabilities/${name}_test_set_pyx.npy`);
      const labels = at(`original_test_labels/${name}_test_set_original_labels.npy`).map(([label]) => label!);
      return { probabilities, labels };
    },
  };
}

interface LogitIndex {
  readonly scale: number;
  readonly shape: readonly [number, number, number];
  readonly series: readonly { readonly model: string; readonly task: string }[];
}

/** Whole hundredths of a nat in 16 bits, series by series in the order of the index. */
function readLogits(folder: string): Map<string, Matrix> {
  const index: LogitIndex = JSON.parse(readFileSync(`${folder}/index_dev6.json`, "utf8"));
  const bytes = gunzipSync(readFileSync(`${folder}/logits_dev6.i16.gz`));
  const [, items, options] = index.shape;
  return new Map(
    index.series.map(({ model, task }, series) => [
      `${model} ${task}`,
      Array.from({ length: items }, (_, item) =>
        Array.from(
          { length: options },
          (_, option) => bytes.readInt16LE(2 * ((series * items + item) * options + option)) * index.scale,
        ),
      ),
    ]),
  );
}

function readSample(file: string): Sample {
  const letters = "ABCDEF";
  const [head, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
  const names = head!.trim().split(",");
  const rows = lines.map((line) => line.trim().split(","));
  const logits = (model: string): Matrix => {
    const columns = [...letters].map((letter) => names.indexOf(`${model}_${letter}`));
    return rows.map((row) => columns.map((column) => Number(row[column])));
  };
  const tops = names.flatMap((name, column) => (name.endsWith("_top") ? [column] : []));
  return {
    logits: { yi6b: logits("yi6b"), qwen7b: logits("qwen7b") },
    large: rows.map((row) => tops.map((column) => letters.indexOf(row[column]!))),
  };
}

/** An array as numpy.save writes it (format version 1.0): little-endian doubles or unsigned 16-bit numbers, by rows. */
export function readNpy(file: string): Matrix {
  const bytes = readFileSync(file);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, start).toString("latin1");
  const type = /'descr': '(<f8|<u2)'/.exec(header)?.[1];
  const shape = /'shape': \((\d+), ?(\d*)/.exec(header);
  if (
    bytes.toString("latin1", 1, 8) !== "NUMPY\u0001\u0000" ||
    !type ||
    !shape ||
    !header.includes("'fortran_order': False")
  ) {
    throw new Error(`${file} is not an array of a kind that this bench reads`);
  }
  const [rows, columns] = [Number(shape[1]), Number(shape[2] || 1)];
  const read = (at: number): number =>
    type === "<f8" ? bytes.readDoubleLE(start + 8 * at) : bytes.readUInt16LE(start + 2 * at);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => read(row * columns + column)),
  );
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const grown = logits.map((logit) => Math.exp(logit - largest));
  const sum = grown.reduce((total, value) => total + value, 0);
  return grown.map((value) => value / sum);
}

/** The index of the largest value, the first of equal ones. */
export function top(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

/** Largest minus second largest. */
export function margin(values: readonly number[]): number {
  const [first, second] = values.toSorted((a, b) => b - a);
  return first! - second!;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
