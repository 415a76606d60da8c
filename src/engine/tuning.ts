/** How one model's passes are laid out on one machine: what the start-up probe finds, where it is kept, in words. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { arch, availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { shortHash } from "../core/hash.ts";
import { pawlHome } from "../core/home.ts";
import { canonicalJson } from "../core/json.ts";
import { RUNTIME_VERSION } from "./runtime.ts";

export interface Tuning {
  readonly threads: number;
  readonly flashAttention: boolean;
  /** Whether log-probabilities are those of the model, over the whole vocabulary and before any sampler. */
  readonly raw: boolean;
  /** What was measured, in milliseconds a pass, for people. */
  readonly measured: { readonly [what: string]: number };
}

/** Kept by model, runtime and processor: another of any of them is measured anew. */
export function tuningFile(digest: string, threads: number, gpu: "auto" | false, home: string = pawlHome()): string {
  const machine = [cpus()[0]?.model ?? "", arch(), availableParallelism()];
  const key = shortHash(canonicalJson([digest.slice(0, 16), RUNTIME_VERSION, machine, threads, gpu]));
  return join(home, "tuning", `${key}.json`);
}

/** What was found before, or `undefined`: a file that is damaged or of another shape counts as none. */
export async function readTuning(file: string): Promise<Tuning | undefined> {
  try {
    const found = JSON.parse(await readFile(file, "utf8")) as Partial<Tuning>;
    const { threads, flashAttention, raw, measured } = found;
    const fits =
      Number.isInteger(threads) &&
      typeof flashAttention === "boolean" &&
      typeof raw === "boolean" &&
      typeof measured === "object";
    return fits ? (found as Tuning) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it for the next start. A folder that cannot be written costs the next start its two seconds, nothing else. */
export async function keepTuning(file: string, tuning: Tuning): Promise<void> {
  const beside = `${file}.${process.pid}`;
  await mkdir(join(file, ".."), { recursive: true })
    .then(() => writeFile(beside, `${JSON.stringify(tuning, null, 2)}\n`))
    .then(() => rename(beside, file))
    .catch(() => {});
}

/** One line for people, such as "2 processes of 1 thread, flash attention off, raw probabilities". */
export function describeTuning(tuning: Tuning, processes: number, gpu: string | false): string {
  const { threads, flashAttention, raw } = tuning;
  return [
    `${processes} ${processes === 1 ? "process" : "processes"} of ${threads} ${threads === 1 ? "thread" : "threads"}`,
    ...(gpu === false ? [] : [`on ${gpu}`]),
    `flash attention ${flashAttention ? "on" : "off"}`,
    raw ? "raw probabilities" : "probabilities not raw",
  ].join(", ");
}
